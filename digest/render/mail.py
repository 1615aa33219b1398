"""The mail: one edition or several, rendered once and shared by all readers whose digest is the same.

For one more reader nothing is rendered and nothing is searched: `mime` joins an address into each slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from html import escape
from typing import Any

from digest.errors import RenderError
from digest.model import Edition, PeriodKind, Site, TopicId, Value
from digest.render import paths, words
from digest.render.blocks import Encoded, Shelf, Slot
from digest.render.fitting import filled, fitted
from digest.render.languages import Language
from digest.render.press import LAYOUTS, Press, Section
from digest.render.quoted import quoted, unquoted
from digest.render.subjects import subject
from digest.render.templates import Templates
from digest.render.views import Link, name_of

SECTIONS = 30
TOPICS_NAMED = 4


class MailList(Value):
    """To what a mail belongs: a public topic alone, or the site.

    `name` says what it is about; `topic` is set if that is one public topic alone, `page` then is the address of the
    edition. `archive` is the address of what came before.
    """

    name: str
    archive: str
    kind: PeriodKind
    layout: str
    language: str
    topic: TopicId | None = None
    page: str | None = None


class MailCore(Value):
    """A mail without its reader: `html` and `text` are quoted-printable with slots between; `left_out` papers found no
    room.
    """

    subject: str
    html: Encoded
    text: Encoded
    list: MailList
    left_out: int = 0


class Envelope(Value):
    """What differs from reader to reader. `date` is the slot's and aware; `message_id` has its angle brackets.

    `digest_url` is the reader's own page of the mail. `leave_to` is an address to which a mail ends all, `feedback`
    names the reader in a report, to us alone.
    """

    address: str
    date: datetime
    message_id: str
    unsubscribe_url: str
    preferences_url: str
    digest_url: str
    leave_to: str | None = None
    feedback: str | None = None

    def link(self, slot: Slot) -> str:
        """Return the address that goes into a slot."""
        match slot:
            case Slot.UNSUBSCRIBE:
                return self.unsubscribe_url
            case Slot.PREFERENCES:
                return self.preferences_url
            case Slot.DIGEST:
                return self.digest_url


def compose(
    env: Templates,
    site: Site,
    editions: Sequence[Edition],
    *,
    layout: str = "cards",
    language: str | None = None,
    pattern: str = "",
    shelf: Shelf | None = None,
) -> MailCore:
    """Return the mail of one edition, or a digest with a section for each of several; in this language or the site's.

    Its HTML is at most HTML_LIMIT bytes: of each section as many papers as fit, best first, and a line that says how
    many more there are. A run that makes many digests of released editions passes one `shelf` to all of them, and
    each paper is printed once. `pattern` is the site's for subjects. Raises RenderError for an unknown layout, for no
    editions, for a wrong template.
    """
    if layout not in LAYOUTS:
        raise RenderError(f"no mail layout is called {layout!r}", hint=f"choose one of: {', '.join(LAYOUTS)}")
    if not editions:
        raise RenderError("a mail needs an edition, and there is none")
    env = env.speaking(language or site.language)
    shared = {"site": site, "to": partial(paths.absolute, site)}
    press = Press(env, Shelf() if shelf is None else shelf, layout=layout, values=shared)
    shown, title = editions[:SECTIONS], subject(site, editions, env.language, pattern)
    values = {"subject": title, **_values(site, editions, press.sections(shown), env.language)}
    printed = fitted(press, shown, press.frame(values))
    return MailCore(
        subject=title,
        html=printed.html,
        text=printed.text,
        list=_list(site, editions, layout, env.language.tag),
        left_out=printed.left_out,
    )


def lead(editions: Sequence[Edition], sections: Sequence[Section], language: Language) -> str:
    """Return the sentence that an inbox shows behind the subject: what is inside."""
    if len(editions) == 1:
        return sections[0].view.lead
    return language.say(
        "{n} paper on {topics} topics: {names}.",
        "{n} papers on {topics} topics: {names}.",
        n=sum(len(edition.picks) for edition in editions),
        topics=len(editions),
        names=_topics(editions, language),
    )


def html_for(core: MailCore, envelope: Envelope) -> str:
    """Return the HTML that a reader gets."""
    return unquoted(b"".join(filled(core.html, {slot: quoted(escape(envelope.link(slot))).encode() for slot in Slot})))


def text_for(core: MailCore, envelope: Envelope) -> str:
    """Return the plain text that a reader gets."""
    return unquoted(b"".join(filled(core.text, {slot: quoted(envelope.link(slot)).encode() for slot in Slot})))


def _list(site: Site, editions: Sequence[Edition], layout: str, language: str) -> MailList:
    topic = editions[0].topic
    public = len(editions) == 1 and topic.owner is None
    archive = paths.topic_path(topic.id) if public else "/"
    return MailList(
        name=topic.name if public else site.title,
        archive=paths.absolute(site, archive),
        kind=editions[0].period.kind,
        layout=layout,
        language=language,
        topic=topic.id if public else None,
        page=paths.absolute(site, paths.edition_path(editions[0])) if public else None,
    )


def _values(site: Site, editions: Sequence[Edition], sections: Sequence[Section], language: Language) -> dict[str, Any]:
    """Return what the frame shows of a mail."""
    return {
        "home": paths.absolute(site, "/"),
        "lead": lead(editions, sections, language),
        "topics": _topics(editions, language),
        "links": _web_links(site, sections, language),
        "left_out": len(editions) - len(sections),
    }


def _topics(editions: Sequence[Edition], language: Language) -> str:
    names = [name_of(edition.topic, language) for edition in editions]
    return words.series(words.cut(names, TOPICS_NAMED, language), language)


def _web_links(site: Site, sections: Sequence[Section], language: Language) -> tuple[Link, ...]:
    """Return where a mail about one public topic can be read and followed elsewhere."""
    view = sections[0].view
    if len(sections) > 1 or not view.path:
        return ()
    links = {language.say("On the web"): view.path, **{feed.label: feed.target for feed in view.feeds}}
    return tuple(Link(label=label, target=paths.absolute(site, path)) for label, path in links.items())
