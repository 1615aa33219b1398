"""Lists of feeds as feed readers exchange them: OPML 2.0 (opml.org/spec2.opml), in and out.

What the format has no word for (id, kind, rights) stands in attributes of our own, so that our lists come back as they
were; other programs do not see them. A source that is no feed is a link to them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from urllib.parse import urlsplit

from lxml import etree

from digest import text
from digest.errors import SourceError
from digest.model import Rights, Source, SourceId, Value
from digest.sources import discovery, xml
from digest.sources.encoding import decode
from digest.sources.mending import mended

NAMESPACE = "https://digest.example/ns/source/1.0"

_FEEDS = frozenset({"feed", "arxiv-feed"})
_OURS = ("id", "kind", "rights", "enabled")
_DECLARED = re.compile(r"<!(?:doctype|entity)", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_FEED_SCHEME = re.compile(r"\Afeed:(?://)?(?=https?:)|\Afeed(?=://)", re.IGNORECASE)


class Outline(Value):
    """One feed of a list. `given` is what our own attributes say of it, if they are there."""

    url: str
    title: str
    given: dict[str, str]


class Listing(Value):
    """What a list holds, its folders opened. `problems` says, a line each, what was left out and why."""

    outlines: tuple[Outline, ...]
    problems: tuple[str, ...] = ()


def is_opml(data: bytes) -> bool:
    """Say whether a file is XML rather than TOML; what kind of XML, `read` says."""
    return decode(data[:1000]).lstrip().startswith("<")


def read(data: bytes, name: str) -> Listing:
    """Return the feeds of a list, each address once, in the order of the file.

    Raises SourceError for what is not XML, not OPML, or declares a document type or entities, which no list needs.
    """
    root = _root(data, name)
    if xml.local(root) != "opml":
        raise SourceError(f"cannot read {name}: it is XML, but starts with <{xml.local(root)}>, not <opml>")
    found: dict[str, Outline] = {}
    problems = []
    for number, element in enumerate(_outlines(root), 1):
        outline = _outline(element)
        if outline is None:
            problems.append(f"outline {number}: no address that can be polled")
        else:
            found.setdefault(_same(outline.url), outline)
    return Listing(outlines=tuple(found.values()), problems=tuple(problems))


def sources_of(outlines: Sequence[Outline], stored: Sequence[Source], *, rights: Rights) -> list[Source]:
    """Return the source of each outline: the stored one with its address as it is, else a new one.

    An id is made of the title, and of the address too where two would have the same: it depends on nothing else, so
    that the same list gives the same ids. `rights` are for those whose list does not say.
    """
    known = {_same(source.url): source for source in stored if source.url}
    taken = {source.id for source in stored}
    wanted = Counter(_wanted(outline) for outline in outlines if _same(outline.url) not in known)
    return [
        known.get(_same(outline.url))
        or _source(outline, rights, alone=wanted[_wanted(outline)] == 1 and _wanted(outline) not in taken)
        for outline in outlines
    ]


def write(sources: Iterable[Source], *, title: str) -> bytes:
    """Return sources as OPML, in their order; the same sources give the same bytes."""
    root = etree.Element("opml", version="2.0", nsmap={"digest": NAMESPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = text.tidy(title)
    body = etree.SubElement(root, "body")
    for source in sources:
        etree.SubElement(body, "outline", _attributes(source))
    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return written


def _root(data: bytes, name: str) -> xml.Element:
    readable = decode(data)
    if _DECLARED.search(readable):
        raise SourceError(
            f"cannot read {name}: it declares a document type", hint="remove the lines that start with <!DOCTYPE"
        )
    for attempt in (data, mended(readable).encode("utf-8", "replace")):
        root = xml.strict(attempt)
        if root is not None:
            return root
    raise SourceError(f"cannot read {name}: its XML is broken", hint="export it again")


def _outlines(root: xml.Element) -> Iterator[xml.Element]:
    """Yield what is no folder, however deep: an outline with an address, or one that holds no other."""
    for element in root.iter():
        if isinstance(element.tag, str) and xml.local(element) == "outline" and (_address(element) or not len(element)):
            yield element


def _outline(element: xml.Element) -> Outline | None:
    url = text.safe_url(_FEED_SCHEME.sub(_scheme, _address(element).strip()))
    if not url:
        return None
    given = {name: value for name in _OURS if (value := element.get(f"{{{NAMESPACE}}}{name}"))}
    # Many a program puts HTML there; a list of ours says it as it is.
    said = (text.tidy if given else text.plain)(element.get("title") or element.get("text") or "")
    return Outline(url=url, title=said or urlsplit(url).hostname or url, given=given)


def _scheme(match: re.Match[str]) -> str:
    return "" if match[0].endswith(":") or match[0].endswith("//") else "http"


def _address(element: xml.Element) -> str:
    """Return the address to poll. Programs do not agree on the case of `xmlUrl`; `url` is where our links have it."""
    names = {name.lower(): value for name, value in element.attrib.items()}
    ours = f"{{{NAMESPACE}}}kind" in element.attrib
    return names.get("xmlurl") or (names.get("url", "") if ours else "")


def _same(url: str) -> str:
    """Return what the spellings of an address have in common that nobody means to tell apart."""
    return url.partition("#")[0].removeprefix("http://").removeprefix("https://").rstrip("/")


def _wanted(outline: Outline) -> str:
    own = outline.given.get("id", "")
    return own if _SLUG.fullmatch(own) and len(own) <= 100 else text.slug(outline.title)


def _source(outline: Outline, rights: Rights, *, alone: bool) -> Source:
    mark = blake2b(_same(outline.url).encode(), digest_size=3).hexdigest()
    said = outline.given.get("rights")
    return Source(
        id=SourceId(_wanted(outline) if alone else f"{_wanted(outline)}-{mark}"),
        name=outline.title,
        url=outline.url,
        enabled=outline.given.get("enabled") != "false",
        kind=outline.given.get("kind") or discovery.kind_of(outline.url),
        rights=Rights(said) if said in set(Rights) else rights,
    )


def _attributes(source: Source) -> dict[str, str]:
    name, url = text.tidy(source.name), source.url or ""
    address = {"type": "rss", "xmlUrl": url} if source.kind in _FEEDS else {"type": "link", "url": url}
    ours = {"id": source.id, "kind": source.kind, "rights": source.rights.value}
    ours |= {} if source.enabled else {"enabled": "false"}
    return {"text": name, "title": name, **address, **{f"{{{NAMESPACE}}}{key}": value for key, value in ours.items()}}
