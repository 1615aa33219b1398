"""What is published: parcels of feeds and pages, which the web serves from memory and `publish` writes as files.

Personal topics are in none of them.
"""

from __future__ import annotations

import re
from collections.abc import Container, Hashable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import msgspec

from digest.app import App, template_sources
from digest.model import TopicId, Value
from digest.publish.files import Written, remove, write
from digest.render import archives, icons, paths
from digest.render import pages as printing
from digest.work import feeds, pages
from digest.work.census import Batch, Census, File, Parcel, Syndicated

# Beside the site, for the next time: what was made of what. It names nothing that is not published.
LEDGER = ".digest.json"
ARCHIVED = re.compile(r"(/(?:[a-z0-9-]+/)*feed)-[1-9][0-9]{0,5}\.[a-z]+", re.ASCII)
ENDED = (
    "This topic has ended",
    "There will be no more editions of it, and its feeds are gone. The first page shows what there is instead.",
)


class Ledger(Value):
    """What stands in a folder, and what it was made by: another program or other templates make all of it anew."""

    maker: str
    batches: dict[str, Batch]


def parcels(app: App, *, served: bool = True) -> Iterator[Parcel]:
    """Yield all that is published; what links comes after what it links to. Raises StoreError."""
    channels = feeds.channels(app)
    for channel in channels:
        yield Parcel(f"feed {channel.stem}", channel.stamp, partial(_documents, app, channel))
    listed = tuple((channel.stem, channel.title, channel.home, channel.changed) for channel in channels)
    yield Parcel("feeds", listed, partial(_about_feeds, app, listed))
    for bundle in pages.bundles(app, served=served):
        yield Parcel(f"pages {bundle.name}", bundle.key, partial(_leaves, bundle))


def find(app: App, path: str, parcel: str | None = None) -> File | None:
    """Return a file of a parcel, or a page of a feed's archive; None if there is no such thing. Raises StoreError."""
    found = ARCHIVED.fullmatch(path)
    wanted = parcel or (f"feed {found[1]}" if found else None)
    everything_else = _AllBut(path.rpartition(".")[0])
    files = (file for one in parcels(app) if one.name == wanted for file in one.files(everything_else))
    return next((file for file in files if file.path == path), None)


class _AllBut(Container[str]):
    """What holds everything but one thing."""

    def __init__(self, one: str) -> None:
        self._one = one

    def __contains__(self, other: object) -> bool:
        return other != self._one


EVERYTHING: Container[str] = _AllBut("")


def ended(app: App) -> list[TopicId]:
    """Return the site's topics that had editions, and are gone or switched off. Raises StoreError."""
    off = [topic.id for topic in app.store.topics() if not topic.enabled and app.store.periods(topic.id)]
    return sorted([*off, *app.store.past_topics()])


def publish(app: App, folder: Path) -> Written:
    """Write the whole site below `folder`: what changed, each file whole, and take away what is gone.

    Where a topic has ended a page says so. Other files in the folder are left alone. Raises PublishError, StoreError,
    and RenderError when all that could be rendered is written.
    """
    maker = _maker(app)
    census = Census(_standing(folder, maker))
    made = ((_name(one.file.path), one.body) for one in census.made(_exported(app)))
    written = sum(write(folder, name, body) for name, body in made if body is not None)
    for path in census.gone:
        remove(folder, _name(path))
    write(folder, LEDGER, msgspec.json.encode(Ledger(maker=maker, batches=census.batches)))
    if census.failed:
        raise census.failed[0]
    return Written(written=written, unchanged=len(census.paths) - written)


def _documents(app: App, channel: feeds.Channel, held: Container[str]) -> Iterator[File]:
    for document in feeds.documents(app, channel, held=held):
        about = Syndicated(
            kind=channel.kind, entered=channel.entered, final=document.final, hubs=tuple(document.feed.hubs)
        )
        for path, body in feeds.files(document):
            yield File(path, None, document.changed, partial(bytes, body), about)


def _about_feeds(app: App, listed: Hashable, _: Container[str]) -> Iterator[File]:
    """Yield the list of all feeds, and the pictures that each of them shows."""
    yield File(archives.OPML, listed, None, partial(feeds.opml, app))
    for size in icons.SIZES:
        yield File(icons.path(size), size, None, partial(icons.picture, size))


def _leaves(bundle: pages.Bundle, _: Container[str]) -> Iterator[File]:
    return (File(leaf.path, leaf.key, leaf.modified, leaf.make) for leaf in bundle.leaves())


def _exported(app: App) -> Iterator[Parcel]:
    """Yield all that is published, and a page for each topic that has ended."""
    yield from parcels(app, served=False)
    title, message = ENDED
    tombstone = partial(printing.error_page, app.templates, app.site, title=title, message=message)
    for topic in ended(app):
        page = File(paths.topic_path(topic), ENDED, None, tombstone)
        yield Parcel(f"ended {topic}", ENDED, partial(_one, page))


def _one(file: File, _: Container[str]) -> Iterator[File]:
    yield file


def _standing(folder: Path, maker: str) -> dict[str, Batch]:
    """Return what still stands in a folder as it was made: nothing if something else made it."""
    try:
        ledger = msgspec.json.decode((folder / LEDGER).read_bytes(), type=Ledger)
    except (OSError, msgspec.DecodeError):
        return {}
    made = ledger.maker == maker
    return {name: _checked(folder, batch, made) for name, batch in ledger.batches.items()}


def _checked(folder: Path, batch: Batch, made: bool) -> Batch:
    there = {path: made and (folder / _name(path)).is_file() for path in batch.files}
    if all(there.values()):
        return batch
    return Batch(key="", files={path: mark if there[path] else "" for path, mark in batch.files.items()})


def _maker(app: App) -> str:
    """Return what the look of the site depends on beside the store, as a mark that gives nothing of it away."""
    code = [(str(file), file.stat().st_mtime_ns) for file in sorted(Path(__file__).parents[1].rglob("*.py"))]
    settings = app.settings
    given = [app.site, settings.limits, settings.schedule, settings.web, bool(settings.smtp.url)]
    return sha256(repr([code, given, sorted(template_sources(settings).items())]).encode()).hexdigest()


def _name(path: str) -> str:
    return f"{path.lstrip('/')}{'index.html' if path.endswith('/') else ''}"
