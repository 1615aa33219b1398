"""OAI-PMH 2.0 (openarchives.org/OAI/openarchivesprotocol.html): records in arXiv's own formats, and in Dublin Core.

A record's datestamp is when its metadata last changed, which is neither when it was submitted nor when announced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest import identity, text
from digest.errors import SourceError
from digest.model import AnnounceType, Batch, Source
from digest.sources import arxiv, dates, names, xml
from digest.sources.addresses import asked, onward
from digest.sources.draft import SILENT, Draft, Wording, base_of, batch, wording
from digest.sources.xml import Element, Fields

_ROOT = re.compile(rb"<(?:[\w.-]{1,40}:)?OAI-PMH[\s>]")
_HEAD = 1 << 12
_AND = re.compile(r",?\s+and\s+")
_VERSION = re.compile(r"v([1-9][0-9]{0,2})")


class OaiReader:
    """An answer to ListRecords or GetRecord."""

    format = "oai-pmh"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`."""
        return _ROOT.search(data[:_HEAD]) is not None

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError for an error of the protocol, and for XML that is not well-formed.

        A resumption token goes on only at the server that gave it, so that a file's leads nowhere.
        """
        root = xml.strict(data)
        if root is None:
            raise SourceError(f"cannot read {name}: its XML is broken", hint="fetch it again")
        for error in _local(root, "error"):
            if error.get("code") != "noRecordsMatch":
                raise _refused(error, name)
        records = list(_records(root))
        token = next((xml.inner(each).strip() for part in root for each in _local(part, "resumptionToken")), "")
        drafts = (_draft(record, f"item {number}") for number, record in enumerate(records, 1))
        return batch(drafts, source=source, kind=self.format, next=_next(base_of(source, name), token))


def _local(parent: Element, name: str) -> Iterator[Element]:
    return (child for child in parent if xml.local(child) == name.lower())


def _records(root: Element) -> Iterator[Element]:
    for answer in root:
        yield from _local(answer, "record")


def _refused(error: Element, name: str) -> SourceError:
    said = text.shorten(text.clean(xml.inner(error)), 200) or "it does not say why"
    code = text.tidy(error.get("code", "no code"))
    return SourceError(f"cannot read {name}: the server answers {code}: {said}", hint="poll it again")


def _next(base: str | None, token: str) -> str | None:
    """Return the next part of a list. A token stands alone: it holds what was asked, and is good for a day."""
    if not base or not token:
        return None
    return onward(asked(base.partition("?")[0], verb="ListRecords", resumptionToken=token), base)


def _draft(record: Element, where: str) -> Draft | str:
    header = next(_local(record, "header"), None)
    if header is None:
        return f"{where}: no header"
    id_ = next((xml.inner(each).strip() for each in _local(header, "identifier")), "")
    if header.get("status") == "deleted":
        return _deleted(id_, where)
    for described in (each for part in _local(record, "metadata") for each in part):
        return _described(described, id_, where)
    return f"{where}: no metadata"


def _deleted(id_: str, where: str) -> Draft | str:
    """Return the mark of a paper that is gone. Its title is not said again, and its id stands for it."""
    known = identity.arxiv_id(id_)
    if not known:
        return f"{where}: deleted"
    return Draft(where=where, title=wording(f"arXiv:{known[0]}", text.tidy), id=id_, withdrawn=True)


def _described(described: Element, id_: str, where: str) -> Draft | str:
    fields = Fields(described, home=xml.prefix(described))
    match xml.local(described):
        case "arxivraw":
            return _raw(fields, id_, where)
        case "arxiv":
            return _arxiv(fields, id_, where)
        case "dc":
            return _dublin_core(Fields(described, home="dc"), id_, where)
    return f"{where}: metadata of a kind that Digest does not read"


def _raw(fields: Fields, id_: str, where: str) -> Draft:
    """Return a record of arXivRaw, the one format that gives the date of every version."""
    versions = {_number(each): dates.parse(_date(each)) for each in fields.all("version")}
    newest = max(versions, default=0)
    return _paper(
        fields,
        id_,
        where,
        authors=arxiv.authors(_AND.sub(", ", fields.text("authors"))),
        version=newest or None,
        announce_type=AnnounceType.REPLACE if newest > 1 else AnnounceType.NEW,
        submitted=versions.get(1),
        listed=versions.get(newest),
    )


def _number(version: Element) -> int:
    match = _VERSION.fullmatch(version.get("version", ""))
    return int(match[1]) if match else 0


def _date(version: Element) -> str:
    return next((xml.inner(each) for each in _local(version, "date")), "")


def _arxiv(fields: Fields, id_: str, where: str) -> Draft:
    """Return a record of the arXiv format. `created` is the first version's date only if a later one is given too."""
    created, updated = (dates.day(fields.text(name)) for name in ("created", "updated"))
    replaced = bool(created and updated and created < updated)
    return _paper(
        fields,
        id_,
        where,
        authors=tuple(_person(each) for part in fields.all("authors") for each in part),
        announce_type=AnnounceType.REPLACE if updated else AnnounceType.NEW,
        submitted=created if replaced else None,
        listed=updated or created,
    )


def _person(author: Element) -> str:
    fields = Fields(author, home=xml.prefix(author))
    return " ".join(filter(None, (fields.text(part) for part in ("forenames", "keyname", "suffix"))))


def _paper(fields: Fields, id_: str, where: str, **known: object) -> Draft:
    abstract = wording(fields.text("abstract"), text.clean)
    return Draft(
        where=where,
        title=wording(fields.text("title"), text.clean),
        abstract=abstract,
        id=id_,
        arxiv_id=fields.text("id"),
        doi=next(iter(fields.text("doi").split()), ""),
        categories=tuple(fields.text("categories").split()),
        withdrawn=arxiv.withdrawn(abstract.plain, fields.text("comments")),
        **known,  # type: ignore[arg-type]
    )


def _dublin_core(fields: Fields, id_: str, where: str) -> Draft:
    """Return a record of oai_dc, as every repository gives it: the abstract first, then remarks."""
    published = [day for each in fields.texts("date") if (day := dates.day(each))]
    ids = fields.texts("identifier")
    return Draft(
        where=where,
        title=_first(fields, "title"),
        abstract=_first(fields, "description"),
        id=id_,
        link=next((each for each in ids if "://" in each), ""),
        doi=next((each for each in ids if identity.doi(each)), ""),
        authors=tuple(names.upright(each) for each in fields.texts("creator")),
        categories=fields.texts("subject"),
        submitted=min(published, default=None) if identity.arxiv_id(id_) else None,
        listed=max(published, default=None),
    )


def _first(fields: Fields, name: str) -> Wording:
    return next((wording(each, text.plain) for each in fields.texts(name)), SILENT)
