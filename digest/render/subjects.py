"""A mail's subject: what its first paper is and how many more there are, or what a pattern makes of it."""

from __future__ import annotations

from collections.abc import Sequence

from digest.model import Edition, Site
from digest.render import words
from digest.render.languages import Language
from digest.render.views import NAME, TITLE, line, name_of
from digest.text import shorten
from digest.text.subjects import FIELD

LONGEST = 78  # characters, RFC 5322, 2.1.1
_TOPIC, _LEAST = 30, 20  # of a topic's name, and what a title keeps


def subject(site: Site, editions: Sequence[Edition], language: Language, pattern: str = "") -> str:
    """Return a mail's subject, at most LONGEST characters in one line: its title is what gives way.

    A topic's own pattern goes before the site's `pattern`. Where one names what there is not, a first paper or more
    papers, the usual words are said.
    """
    own = editions[0].topic.subject if len(editions) == 1 else ""
    values = _values(site, editions, language)
    wanted = own or pattern
    if not wanted or any(not values[name] for name in FIELD.findall(wanted)):
        wanted = _usual(editions, language)
    return _filled(wanted, values)


def _values(site: Site, editions: Sequence[Edition], language: Language) -> dict[str, str]:
    first = next(
        (line(one.picks[0].paper.title, TITLE) or language.say("Untitled") for one in editions if one.picks), ""
    )
    count = sum(len(edition.picks) for edition in editions)
    latest = max((edition.period for edition in editions), key=lambda period: period.start)
    return {
        "site": line(site.title, NAME),
        "topic": words.series([shorten(name_of(edition.topic, language), _TOPIC) for edition in editions], language),
        "date": words.short_period(latest, language),
        "count": language.number(count),
        "first": first,
        "more": language.number(count - 1) if count > 1 else "",
    }


def _usual(editions: Sequence[Edition], language: Language) -> str:
    count = sum(len(edition.picks) for edition in editions)
    about = "{topic}: " if len(editions) == 1 else ""
    if not count:
        return about + (language.message("nothing new") if about else language.message("Nothing new"))
    if count == 1:
        return about + "{first}"
    # The title is put in later, when it is known how much room it has.
    return about + language.say("{first} and {n} more", "{first} and {n} more", n=count - 1, first="{first}")


def _filled(pattern: str, values: dict[str, str]) -> str:
    rest = FIELD.sub(lambda field: "" if field[1] == "first" else values[field[1]], pattern)
    room = max(_LEAST, LONGEST - len(rest))
    title = shorten(values["first"], room)
    return shorten(FIELD.sub(lambda field: title if field[1] == "first" else values[field[1]], pattern), LONGEST)
