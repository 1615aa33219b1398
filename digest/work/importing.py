"""Take entries into the store: the files of `digest import`, later what the watcher polls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from digest import text, watch
from digest.app import App
from digest.errors import DigestError, SourceError
from digest.identity import keys
from digest.model import Batch, Entry, Source, SourceId, Value
from digest.watch import Changes, Known, Outcome
from digest.work import counting, reading
from digest.work.caution import require_room


class FileReport(Value):
    """What came of one file. `skipped` says which items were left out and why; with `error` nothing was taken."""

    file: str
    format: str | None = None
    read: int = 0
    new: int = 0
    merged: int = 0
    changed: int = 0
    unchanged: int = 0
    merges: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None


def import_file(app: App, path: Path) -> FileReport:
    """Import one file in one transaction: wholly, or with an error in the report and nothing taken."""
    try:
        require_room(app)
        batch = read_file(path, limit=app.settings.limits.import_megabytes)
        changes = ingest(app, file_source(path), batch.entries)
    except DigestError as error:
        return FileReport(file=str(path), error=error.message, hint=error.hint)
    return _report(path, batch, changes)


def read_file(path: Path, *, limit: int) -> Batch:
    """Parse a file without storing it; `limit` is in megabytes. Raises SourceError."""
    try:
        size = path.stat().st_size
        if size > limit * 1_000_000:
            raise SourceError(
                f"{path.name} has {size / 1e6:.0f} MB: more than {limit}", hint="raise limits.import_megabytes"
            )
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    return reading.read(data, source=file_source(path), name=path.name)


def file_source(path: Path) -> Source:
    """Return the source that stands for an imported file: the same for the same file name."""
    return Source(id=SourceId(f"file-{text.slug(path.stem) or 'unnamed'}"), kind="file", name=path.name)


def ingest(app: App, source: Source, entries: Sequence[Entry]) -> Changes:
    """Merge entries into the store in one transaction and return what changed. Doing it again changes nothing."""
    store = app.store
    with store.transaction():
        store.put_sources([source])
        known = _known(app, source, entries)
        changes = watch.decide(entries, known, source=source, now=app.now())
        uncounted = counting.take_back(app, known.papers, changes)
        store.save_papers(changes.papers)
        store.leave_uncounted(uncounted)
        store.unite_papers(changes.unions)
        store.save_keys(changes.keys)
        store.save_sightings(changes.sightings)
        store.save_signals(changes.signals)
        store.save_arrivals(watch.arrivals(changes, source, at=app.now()))
    return changes


def _known(app: App, source: Source, entries: Sequence[Entry]) -> Known:
    sightings = app.store.sightings(source.id, [entry.external_id for entry in entries])
    owners = app.store.paper_ids([key for entry in entries for key in keys(entry)])
    papers = app.store.papers({sighting.paper_id for sighting in sightings.values()}.union(owners.values()))
    is_new = any(entry.external_id not in sightings for entry in entries)
    announcers = app.store.announcers(papers) if is_new else {}
    return Known(sightings=sightings, owners=owners, papers=papers, announcers=announcers)


def _report(path: Path, batch: Batch, changes: Changes) -> FileReport:
    counts = Counter(decision.outcome for decision in changes.decisions)
    return FileReport(
        file=str(path),
        format=batch.format,
        read=len(batch.entries),
        new=counts[Outcome.NEW],
        merged=counts[Outcome.MERGED],
        changed=counts[Outcome.CHANGED],
        unchanged=counts[Outcome.UNCHANGED],
        merges=tuple(f"{one.entry.title}: {_why(one.why)}" for one in changes.decisions if one.why),
        skipped=batch.problems,
    )


def _why(key: str) -> str:
    scheme, _, value = key.partition(":")
    words = {
        "text": "same title and abstract",
        "title": "same title and first author",
        "bare": "same title, no more known",
    }
    return words.get(scheme, f"same {scheme} {value}")
