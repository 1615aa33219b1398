"""The languages we speak: what is said for an English message, and how numbers, days and lists are written.

A language is a catalogue; its calendar and its signs are messages too, so that a new one is a file and no code.
English is what the messages are in. Where a catalogue lacks a message, it is said in English.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property

from digest.model import Datum, Phrase
from digest.render.catalogues import read

FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NAMED = 3  # sources
_FROM_RIGHT = frozenset(("ar", "arc", "dv", "fa", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi"))


class Language:
    """A language by its tag (RFC 5646), English unless it has a catalogue. Its bound methods are for templates too."""

    def __init__(self, tag: str, catalogue: gettext.NullTranslations | None = None) -> None:
        self.tag = tag
        self._catalogue = catalogue or gettext.NullTranslations()

    @property
    def direction(self) -> str:
        """Where its lines begin: `ltr` or `rtl`, as HTML says it."""
        return "rtl" if self.tag.partition("-")[0].lower() in _FROM_RIGHT else "ltr"

    @property
    def name(self) -> str:
        """What it calls itself."""
        return self.say("English")

    def say(self, message: str, plural: str | None = None, /, **values: Datum) -> str:
        """Return a message with its values; of two the one for the number `n`. Raises KeyError for a lacking value."""
        said = self._of_number(message, plural, values["n"]) if plural else self.message(message)
        return FIELD.sub(lambda field: self._written(values[field[1]], field[2]), said) if "{" in said else said

    def of(self, phrase: Phrase | str) -> str:
        """Return a phrase in this language. A text stays as it is: it comes from before phrases, or from a person."""
        return phrase if isinstance(phrase, str) else self.say(phrase.message, phrase.plural, **phrase.values)

    def number(self, number: float) -> str:
        """Return a number as it is written here, in groups of three: 12,345.6."""
        plain = f"{number:,}"
        return plain.translate(self._signs) if self._signs else plain

    def series(self, items: Sequence[str]) -> str:
        """Join items as a sentence does: "A, B and C"."""
        if len(items) < 2:
            return "".join(items)
        return self.say("{all} and {last}", all=", ".join(items[:-1]), last=items[-1])

    @cached_property
    def months(self) -> list[str]:
        return self.say("January February March April May June July August September October November December").split()

    @cached_property
    def short_months(self) -> list[str]:
        return self.say("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec").split()

    @cached_property
    def days(self) -> list[str]:
        return self.say("Monday Tuesday Wednesday Thursday Friday Saturday Sunday").split()

    @cached_property
    def short_days(self) -> list[str]:
        return self.say("Mon Tue Wed Thu Fri Sat Sun").split()

    @cached_property
    def _signs(self) -> dict[int, str]:
        """What stands for the comma and the point of English numbers."""
        sample = self.say("1,234.5")
        return {ord(","): sample[1], ord("."): sample[-2]} if sample != "1,234.5" else {}

    def message(self, message: str) -> str:
        """Return a message with its fields as they are."""
        return self._catalogue.gettext(message)

    def _of_number(self, message: str, plural: str, number: Datum) -> str:
        return self._catalogue.ngettext(message, plural, number if isinstance(number, int) else 2)

    def _written(self, value: Datum, form: str | None) -> str:
        if form:
            return _FORMS[form](self, value)
        return self.number(value) if isinstance(value, int | float) else str(value)

    def _quoted(self, words: Datum) -> str:
        return ", ".join(self.say("“{word}”", word=word) for word in _several(words))

    def _listed(self, names: Datum) -> str:
        return self.series(_several(names))

    def _sources(self, names: Datum) -> str:
        """The first names of many, so that a line stays one."""
        shown, more = _several(names), len(_several(names)) - _NAMED
        if more > 1:
            shown = (*shown[:_NAMED], self.say("{n} more source", "{n} more sources", n=more))
        return self.series(shown)

    def _weekday(self, day: Datum) -> str:
        return self.days[date.fromisoformat(str(day)).weekday()]

    def _day(self, day: Datum) -> str:
        found = date.fromisoformat(str(day))
        return self.say("{day} {month}", day=str(found.day), month=self.months[found.month - 1])


_FORMS: dict[str, Callable[[Language, Datum], str]] = {
    "quoted": Language._quoted,
    "listed": Language._listed,
    "sources": Language._sources,
    "weekday": Language._weekday,
    "day": Language._day,
}

ENGLISH = Language("en")


def languages_of(catalogues: Mapping[str, str]) -> dict[str, Language]:
    """Return the languages of catalogues, .po texts by tag, and English. Raises RenderError for one that is wrong."""
    found = {tag: Language(tag, read(text, tag)) for tag, text in sorted(catalogues.items())}
    return {ENGLISH.tag: ENGLISH, **found}


def spoken(languages: Mapping[str, Language], tag: str) -> Language:
    """Return the language of a tag, else that without its region, else English."""
    for known in (tag, tag.partition("-")[0]):
        if known in languages:
            return languages[known]
    return ENGLISH


def noted(message: str, plural: str | None = None, /) -> tuple[str, str | None]:
    """Return a message that is said elsewhere: here the catalogues' test finds it."""
    return message, plural


def _several(value: Datum) -> Sequence[str]:
    return value if isinstance(value, tuple) else (str(value),)
