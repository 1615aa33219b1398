"""What `digest source` and `digest topic` do alike: definitions as TOML, shown, added, edited, imported, exported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import click
from msgspec.structs import replace

from digest.cli.output import print_json, say
from digest.cli.shell import site
from digest.config.definitions import read_sources, read_topics, write_sources, write_topics
from digest.errors import ConfigError
from digest.model import Source, SourceId, Topic, TopicId
from digest.store import Store

Defined = TypeVar("Defined", Source, Topic)


@dataclass(frozen=True)
class Shelf(Generic[Defined]):
    """How definitions of one sort are read, written and kept. `stored` are those that are shared as a file."""

    word: str
    read: Callable[[str, str], list[Defined]]
    write: Callable[[Iterable[Defined]], str]
    stored: Callable[[Store], list[Defined]]
    one: Callable[[Store, str], Defined]
    put: Callable[[Store, Iterable[Defined]], int]
    remove: Callable[[Store, str], None]
    edited: Callable[[Defined, Defined], Defined] = lambda before, after: after


def kinds() -> Collection[str]:
    """Return what the kind of a source may be."""
    from digest.sources import KINDS

    return KINDS


SOURCES: Shelf[Source] = Shelf(
    word="source",
    read=lambda text, name: read_sources(text, name, kinds()),
    write=write_sources,
    stored=lambda store: [one for one in store.sources() if one.url],
    one=lambda store, id_: store.source(SourceId(id_)),
    put=lambda store, given: store.put_sources(given),
    remove=lambda store, id_: store.remove_source(SourceId(id_)),
)
TOPICS: Shelf[Topic] = Shelf(
    word="topic",
    read=read_topics,
    write=write_topics,
    stored=lambda store: [one for one in store.topics() if one.owner is None],
    one=lambda store, id_: store.topic(TopicId(id_)),
    put=lambda store, given: store.put_topics(given),
    remove=lambda store, id_: store.remove_topic(TopicId(id_)),
    edited=lambda before, after: replace(after, owner=before.owner),
)


def show(shelf: Shelf[Defined], id_: str, config: Path | None, *, as_json: bool) -> None:
    """Print one as its import reads it, or as JSON."""
    with site(config) as app:
        found = shelf.one(app.store, id_)
    if as_json:
        print_json(found)
    else:
        click.echo(shelf.write([found]), nl=False)


def add(shelf: Shelf[Defined], made: Defined, taken: Callable[[Store], Iterable[str]], config: Path | None) -> None:
    """Keep a new one. Raises ConfigError if its id is `taken`."""
    with site(config) as app, app.store.transaction():
        if made.id in taken(app.store):
            raise ConfigError(
                f"there is a {shelf.word} {made.id!r} already", hint=f"digest {shelf.word} edit {made.id}"
            )
        shelf.put(app.store, [made])


def edit(shelf: Shelf[Defined], id_: str, config: Path | None) -> None:
    """Change one in the person's editor."""
    with site(config) as app:
        before = shelf.one(app.store, id_)
        text = click.edit(shelf.write([before]), extension=".toml")
        after = shelf.read(text, "the edited text") if text else [before]
        if [one.id for one in after] != [before.id]:
            raise ConfigError(f"the edited text must hold this one {shelf.word}, with its id as it was")
        shelf.put(app.store, [shelf.edited(before, after[0])])
    click.echo(f"{shelf.word} {id_} is {'unchanged' if after == [before] else 'changed'}")


def remove(shelf: Shelf[Defined], id_: str, config: Path | None, *, stays: str) -> None:
    """Forget one, and say what `stays`."""
    with site(config) as app:
        shelf.remove(app.store, id_)
    click.echo(f"{shelf.word} {id_} is removed; its {stays} stay")


def take(
    shelf: Shelf[Defined], given: Callable[[Store], list[Defined]], config: Path | None, *, prune: bool
) -> list[Defined]:
    """Keep the definitions of a file, and with `prune` no others, in one transaction. Returns those of the file."""
    with site(config) as app, app.store.transaction():
        found = given(app.store)
        extra = {one.id for one in shelf.stored(app.store)} - {one.id for one in found}
        shelf.put(app.store, found)
        for id_ in sorted(extra) if prune else ():
            shelf.remove(app.store, id_)
    say(f"{len(found)} {shelf.word}s read{f', {len(extra)} removed' if prune else ''}")
    return found


def export(shelf: Shelf[Defined], config: Path | None) -> None:
    """Print all as TOML."""
    with site(config) as app:
        click.echo(shelf.write(shelf.stored(app.store)), nl=False)


def text_of(file: Path) -> str:
    """Return what a TOML file holds. Raises ConfigError if it is not UTF-8."""
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file.name} is not UTF-8 text: {error.reason}", hint="save it as UTF-8") from error
