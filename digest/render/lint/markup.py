"""HTML read for the linter: in one pass, in linear time, and with what a browser would mend kept as a fault."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from html import unescape
from typing import NamedTuple

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_RAW = frozenset("script style textarea title".split())
_UNSHOWN = ("head", "noscript", "template")
_INLINE = frozenset("a abbr b bdi bdo code em font i mark s small span strong sub sup time u wbr".split())

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"[\s/]*(?:(>)|([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]*)))?)")
_LOOSE = re.compile(r"&(?!#[0-9]+;|#[xX][0-9a-fA-F]+;|[a-zA-Z][a-zA-Z0-9]*;)")
_HUGE = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")
_PIECES = 100  # of text, looked at for what one element says


class Element(NamedTuple):
    """An element: `parent` is its place in the list of all, -1 for none; `start` is where its text begins."""

    tag: str
    attributes: dict[str, str]
    parent: int
    start: int


class Run(NamedTuple):
    """A piece of text that is shown, with the place of the element it stands in."""

    parent: int
    text: str


class Page:
    """What was read: elements in order, the text that is shown, and what was not as it should be."""

    def __init__(self) -> None:
        self.doctype = ""
        self.elements: list[Element] = []
        self.stops: dict[int, int] = {}
        self.runs: list[Run] = []
        self.raw: dict[int, str] = {}
        self.comments: list[str] = []
        self.unbalanced: list[str] = []
        self.twice: list[str] = []
        self.loose: list[str] = []
        self.pieces: list[str] = []

    @cached_property
    def shown(self) -> str:
        """All text that is shown, in order, blanks folded."""
        return _folded(self.pieces)

    @cached_property
    def _by_tag(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, element in enumerate(self.elements):
            found.setdefault(element.tag, []).append(place)
        return found

    def all(self, *tags: str) -> Iterator[tuple[int, Element]]:
        """Yield the elements of these names with their places."""
        places = sorted(place for tag in tags for place in self._by_tag.get(tag, ()))
        return ((place, self.elements[place]) for place in places)

    def first(self, tag: str) -> Element | None:
        """Return the first element of a name."""
        return next((element for _, element in self.all(tag)), None)

    def words(self, place: int) -> str:
        """Return what an element says, blanks folded."""
        start = self.elements[place].start
        stop = self.stops.get(place, len(self.pieces))
        return _folded(self.pieces[start : min(stop, start + _PIECES)])

    def links(self) -> Iterator[tuple[str, str]]:
        """Yield each link's address and words."""
        for place, element in self.all("a", "area"):
            if "href" in element.attributes:
                yield element.attributes["href"].strip(), self.words(place)

    def metas(self, name: str) -> list[str]:
        """Return the contents of the metas of a name."""
        return [
            element.attributes.get("content", "")
            for _, element in self.all("meta")
            if element.attributes.get("name", "").lower() == name
        ]

    def title(self) -> str:
        """Return what the title says, blanks folded."""
        return next((_folded([unescaped(self.raw.get(place, ""))]) for place, _ in self.all("title")), "")

    def sheets(self) -> list[str]:
        """Return the contents of the style elements."""
        return [self.raw.get(place, "") for place, _ in self.all("style")]


def read_page(source: str) -> Page:
    """Read HTML. Any text will do."""
    reader = _Reader(source)
    reader.read()
    return reader.page


def unescaped(text: str) -> str:
    """Return a text with its character references read; those too large for any character become U+FFFD."""
    return unescape(_HUGE.sub("\ufffd", text)) if "&" in text else text


class _Reader:
    """Goes through a source once; `_place` only ever grows."""

    def __init__(self, source: str) -> None:
        self.page = Page()
        self._source, self._place = source, 0
        self._open: list[int] = []
        self._tags: Counter[str] = Counter()

    def read(self) -> None:
        source = self._source
        while self._place < len(source):
            start = source.find("<", self._place)
            end = len(source) if start < 0 else start
            if end > self._place:
                self._text(source[self._place : end])
            self._place = end
            if end < len(source):
                self._markup()
        for place in reversed(self._open):
            self.page.unbalanced.append(f"<{self.page.elements[place].tag}> is never closed")

    def _markup(self) -> None:
        tag = _TAG.match(self._source, self._place)
        if tag:
            self._place = tag.end()
            (self._close if tag[1] else self._start)(tag[2].lower(), self._attributes())
        elif self._source.startswith("<!--", self._place):
            self.page.comments.append(self._until("-->", 4))
        elif self._source.startswith(("<!", "<?"), self._place):
            self._declaration(self._until(">", 2))
        else:
            self._text("<", loose=True)
            self._place += 1

    def _declaration(self, text: str) -> None:
        if text.lower().startswith("doctype") and not self.page.elements:
            self.page.doctype = text
        else:
            self.page.comments.append(text)

    def _until(self, mark: str, skipped: int) -> str:
        """Return what stands before a mark and go behind it; without one, all the rest."""
        start = self._place + skipped
        end = self._source.find(mark, start)
        self._place = len(self._source) if end < 0 else end + len(mark)
        return self._source[start : len(self._source) if end < 0 else end]

    def _attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while match := _ATTRIBUTE.match(self._source, self._place):
            self._place = match.end()
            if match[1]:
                return found
            name, value = match[2].lower(), next((group for group in match.groups()[2:] if group is not None), "")
            if name in found:
                self.page.twice.append(name)
            self._escapes(value)
            found.setdefault(name, unescaped(value))
        self._place = len(self._source)
        self.page.unbalanced.append("a tag without an end")
        return found

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._edge(tag)
        place, parent = len(self.page.elements), self._open[-1] if self._open else -1
        self.page.elements.append(Element(tag, attributes, parent, len(self.page.pieces)))
        if tag in _RAW:
            self._raw(tag, place)
        elif tag not in VOID:
            self._open.append(place)
            self._tags[tag] += 1

    def _raw(self, tag: str, place: int) -> None:
        """Keep what stands in an element whose content is no markup."""
        end = re.compile(f"</{tag}", re.IGNORECASE).search(self._source, self._place)
        stop = end.start() if end else len(self._source)
        self.page.raw[place] = self._source[self._place : stop]
        self._place = stop
        self._until(">", 0)
        if not end:
            self.page.unbalanced.append(f"<{tag}> is never closed")

    def _close(self, tag: str, _: dict[str, str]) -> None:
        self._edge(tag)
        if not self._tags[tag]:
            self.page.unbalanced.append(f"</{tag}> closes nothing")
            return
        while self._pop() != tag:
            self.page.unbalanced.append(f"</{tag}> closes another element with it")

    def _pop(self) -> str:
        place = self._open.pop()
        tag = self.page.elements[place].tag
        self._tags[tag] -= 1
        self.page.stops[place] = len(self.page.pieces)
        return tag

    def _edge(self, tag: str) -> None:
        """Keep the words of two blocks apart."""
        if tag not in _INLINE:
            self.page.pieces.append(" ")

    def _text(self, text: str, *, loose: bool = False) -> None:
        if loose:
            self.page.loose.append(text)
        self._escapes(text)
        if any(self._tags[tag] for tag in _UNSHOWN):
            return
        shown = unescaped(text)
        self.page.pieces.append(shown)
        if self._open and not shown.isspace():
            self.page.runs.append(Run(self._open[-1], shown))

    def _escapes(self, text: str) -> None:
        if "&" in text:
            self.page.loose += [text[found.start() : found.start() + 20] for found in _LOOSE.finditer(text)]


def _folded(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())
