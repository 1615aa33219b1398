"""From what a reader found to entries: the rules that all formats share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

from msgspec import structs

from digest import identity, text
from digest.model import AnnounceType, Batch, Entry, Links, Observation, Pause, Source, Value

_LONGEST_ID = 500
_ARXIV = "https://arxiv.org"


class Wording(Value):
    """A text as the source wrote it and as plain text."""

    raw: str = ""
    plain: str = ""


SILENT = Wording()


def wording(raw: str, read: Callable[[str], str]) -> Wording:
    """Return `raw` as `read` understands it: `text.clean`, `text.from_html`, or `text.plain` where either may be."""
    return Wording(raw=raw, plain=read(raw)) if raw else SILENT


class Draft(Value):
    """One item as a reader found it: addresses, ids and names unchecked, "" and None where the input is silent.

    `where` names the item in messages ("item 7", "line 3"). Addresses are relative to `base`.
    """

    where: str
    title: Wording = SILENT
    abstract: Wording = SILENT
    id: str = ""
    link: str = ""
    base: str | None = None
    pdf: str = ""
    code: str = ""
    project: str = ""
    discussion: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    arxiv_id: str = ""
    doi: str = ""
    version: int | None = None
    announce_type: AnnounceType | None = None
    submitted: datetime | None = None
    announced: datetime | None = None
    listed: datetime | None = None
    place: str | None = None
    withdrawn: bool = False
    signals: tuple[Observation, ...] = ()


def base_of(source: Source, name: str) -> str | None:
    """Return the address that relative links start from: where the bytes came from, else the source's own."""
    return name if "://" in name else source.url


def batch(
    items: Iterable[Draft | str],
    *,
    source: Source,
    kind: str,
    title: str = "",
    next: str | None = None,  # noqa: A002 - the field's word
    pause: Pause | None = None,
) -> Batch:
    """Return drafts as a batch of format `kind`; `title` is plain text, `next` an address already joined and safe.

    A string among the items is a problem line of the reader's own. A draft without a title becomes a problem, and so
    does one that repeats an earlier item. Items that share an id but not their content are told apart,
    because a store keeps one entry an id.
    """
    entries: dict[str, Entry] = {}
    problems: list[str] = []
    for item in items:
        if isinstance(item, str):
            problems.append(item)
        elif not item.title.plain:
            problems.append(f"{item.where}: no title" if item.abstract.plain else f"{item.where}: no text")
        elif entry := _told_apart(_entry(item, source), entries):
            entries[entry.external_id] = entry
        else:
            problems.append(f"{item.where}: repeats an earlier one")
    return Batch(
        format=kind,
        title=title or None,
        entries=tuple(entries.values()),
        problems=tuple(problems),
        next=next,
        pause=pause or Pause(),
    )


def _entry(draft: Draft, source: Source) -> Entry:
    arxiv_id, version = _arxiv(draft)
    doi = _doi(draft)
    links = _links(draft, arxiv_id, doi)
    entry = Entry(
        source_id=source.id,
        external_id=_external_id(draft, links),
        title=draft.title.plain,
        abstract=draft.abstract.plain or None,
        authors=_names(draft.authors),
        categories=_names(draft.categories),
        links=links,
        arxiv_id=arxiv_id,
        doi=doi,
        version=draft.version or version,
        announce_type=draft.announce_type,
        submitted=draft.submitted,
        announced=draft.announced,
        listed=draft.listed,
        place=draft.place,
        raw_title=_raw(draft.title),
        raw_abstract=_raw(draft.abstract),
        withdrawn=draft.withdrawn,
        signals=draft.signals,
    )
    return entry if entry.external_id else _with_id(entry, identity.mint(entry))


def _arxiv(draft: Draft) -> tuple[str | None, int | None]:
    """Return the arXiv id and version that a draft names, neither if its id, link and DOI name different papers."""
    stated = identity.arxiv_id(draft.arxiv_id) if draft.arxiv_id else None
    if stated:
        return stated
    spellings = (draft.id, draft.link, draft.doi)
    found = dict(known for each in reversed(spellings) if each and (known := identity.arxiv_id(each)))
    return next(iter(found.items())) if len(found) == 1 else (None, None)


def _doi(draft: Draft) -> str | None:
    """Return the work's DOI, which arXiv's DOI of a preprint is not: that is another spelling of its arXiv id."""
    found = (identity.doi(spelling) for spelling in (draft.doi, draft.id, draft.link) if "10." in spelling)
    return next((doi for doi in found if doi and not identity.arxiv_id(doi)), None)


def _links(draft: Draft, arxiv_id: str | None, doi: str | None) -> Links:
    """Return the addresses that the source gives, and those that follow from the paper's ids."""

    def address(url: str) -> str | None:
        return text.safe_url(url, draft.base) if url else None

    page = f"{_ARXIV}/abs/{arxiv_id}" if arxiv_id else f"https://doi.org/{quote(doi)}" if doi else None
    pdf = address(draft.pdf)
    if arxiv_id and (not pdf or identity.arxiv_id(pdf)):
        pdf = f"{_ARXIV}/pdf/{arxiv_id}"  # of the newest version, as the page is
    return Links(
        abstract=address(draft.link) or page,
        pdf=pdf,
        code=address(draft.code) or _in_abstract(draft.abstract, text.code_link),
        project=address(draft.project) or _in_abstract(draft.abstract, text.project_link),
        discussion=address(draft.discussion),
    )


def _in_abstract(abstract: Wording, find: Callable[[str], str | None]) -> str | None:
    """Return an address that an abstract names; in HTML it may stand in a link only."""
    return find(abstract.plain) or (find(abstract.raw) if "<" in abstract.raw else None)


def _external_id(draft: Draft, links: Links) -> str:
    """Return the source's own id, else its link; "" if there is neither, or one too long to be meant as an id."""
    own = text.tidy(draft.id)
    return own if own and len(own) <= _LONGEST_ID else (draft.link and links.abstract) or ""


def _told_apart(entry: Entry, entries: dict[str, Entry]) -> Entry | None:
    """Return an entry with an id of its own where another has it already, None if their content is the same."""
    holder = entries.get(entry.external_id)
    if holder is None:
        return entry
    content = _content(entry)
    other = _with_id(entry, f"{entry.external_id}#{content}")
    return None if content == _content(holder) or other.external_id in entries else other


def _content(entry: Entry) -> str:
    keys = identity.keys(entry)
    return next((key for key in keys if key.startswith("text:")), keys[-1])


def _with_id(entry: Entry, external_id: str) -> Entry:
    return structs.replace(entry, external_id=external_id)


def _names(found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(_name, found))))


@lru_cache(maxsize=8192)
def _name(found: str) -> str:
    """Return an author or a category as plain text; both come again and again."""
    return text.plain(found)


def _raw(words: Wording) -> str | None:
    """Return what the source wrote, only where cleaning changed it."""
    return None if words.raw.strip() == words.plain else text.storable(words.raw.strip())
