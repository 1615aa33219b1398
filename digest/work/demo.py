"""The whole job on the shipped sample papers: day by day as it would have happened, without network and mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

from digest import sources
from digest.app import App, opened, shipped
from digest.config.settings import Settings, SiteSettings, StoreSettings
from digest.edition import instant, share
from digest.model import Edition, Entry, PeriodKind, Source, SourceId, Value
from digest.work.composing import compose_day, compose_due
from digest.work.importing import ingest
from digest.work.previewing import mail_files, preview, write
from digest.work.publishing import publish
from digest.work.starting import seed

SETTINGS = Settings(
    site=SiteSettings(
        title="Digest",
        url="https://digest.example",
        tag="digest.example,2026",
        contact="editor@digest.example",
        postal="Digest, 1 Example Street, Exampleton",
        secret="demo-secret-not-for-use",
    ),
    store=StoreSettings(url="sqlite://"),
)
SAMPLES = Source(id=SourceId("samples"), kind="file", name="Sample papers")


class Demo(Value):
    """What the demo made: the newest day's editions, and how many papers, editions and files there are."""

    editions: tuple[Edition, ...]
    papers: int
    composed: int
    files: int


class Clock:
    """A clock that the demo sets: it stands still between the days."""

    def __init__(self) -> None:
        self.instant = datetime(2000, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.instant


def run(folder: Path) -> Demo:
    """Live through the samples' days, then write the site, a morning mail and a preview a topic below `folder`.

    The newest sample moment is "now", so that two runs give the same bytes. Raises PublishError.
    """
    clock = Clock()
    with opened(SETTINGS, now=clock) as app:
        seed(app)
        composed = sum(len(editions) for editions in _days(app, clock))
        newest = [one for one in app.store.editions(kind=PeriodKind.DAY) if one.period.start == app.now().date()]
        written = publish(app, folder / "site")
        files = written.written + written.unchanged + _previews(app, folder, newest)
        return Demo(editions=tuple(newest), papers=app.store.tally()["paper"], composed=composed, files=files)


def _days(app: App, clock: Clock) -> Iterator[list[Edition]]:
    """Import and compose day by day: yield the editions of each."""
    data = (shipped("seeds") / "papers.jsonl").read_bytes()
    entries = sources.read(data, source=SAMPLES, name="papers.jsonl").entries
    days = defaultdict(list)
    for entry in entries:
        assert entry.listed, "every sample paper has a listing date"
        days[entry.listed.date()].append(entry)
    last = max(moment for entry in entries for moment in _moments(entry))
    for day in sorted(days):
        clock.instant = instant(day, time(6), app.calendar.zone)
        yield compose_due(app, app.store.topics())
        ingest(app, SAMPLES, days[day])
        if day == last.date():
            clock.instant = last
            yield compose_day(app, app.store.topics(), day)


def _moments(entry: Entry) -> Iterator[datetime]:
    yield from (moment for moment in (entry.listed, *(signal.at for signal in entry.signals)) if moment)


def _previews(app: App, folder: Path, newest: list[Edition]) -> int:
    morning = [edition for edition in share(newest, {}) if edition.picks]
    count = write(folder / "mail", mail_files(app, morning))
    total = count.written + count.unchanged
    for edition in newest:
        _, files = preview(app, edition.topic, edition.period.start)
        count = write(folder / "preview" / edition.topic.id, files)
        total += count.written + count.unchanged
    return total
