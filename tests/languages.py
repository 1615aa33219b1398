"""A language that marks all it says, and how to find what a page says unmarked: English that was left over."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator

from digest.render.languages import ENGLISH, Language
from digest.render.templates import environment
from tests.messages import messages
from tests.pages import SOURCES, parsed, part

SAID = messages()


class Marks(gettext.NullTranslations):
    """A catalogue that marks what it is asked for; of the calendar each name."""

    def gettext(self, message: str) -> str:
        if message == "1,234.5":
            return message
        return " ".join(f"⟦{name}⟧" for name in message.split()) if message in CALENDAR else f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


CALENDAR = {message for message, _ in SAID if message.count(" ") > 5 and message.istitle()}


class Marked(Language):
    """A language in which everything said stands between ⟦ and ⟧."""

    def __init__(self) -> None:
        super().__init__("xx", Marks())

    def number(self, number: float) -> str:
        return f"⟦{number:g}⟧"


MARKED = environment(SOURCES, {"en": ENGLISH, "xx": Marked()})
DATA = re.compile(r"DATA|data@data\.example|https://\S+|RSS|Atom|JSON Feed")


def unmarked(text: str) -> list[str]:
    """Return the words of a text that stand in no marked message and are no data."""
    while re.search("⟦[^⟦⟧]*⟧", text):
        text = re.sub("⟦[^⟦⟧]*⟧", " ", text)
    return re.findall(r"[^\W\d_]{2,}", DATA.sub(" ", text))


def visible(html: str) -> Iterator[str]:
    """Yield what is shown of a page, and what is read out."""
    elements = list(parsed(html).iter())
    yield "".join((element.text or "") + (element.tail or "") for element in elements if element.tag == "title")
    yield "".join(part(parsed(html), ".//body").itertext())
    yield from (element.attrib.get("aria-label", "") for element in elements)
