"""`digest source`: where papers come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from msgspec.structs import asdict

from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import Failed, complain, json_option, options, site
from digest.errors import ConfigError, SourceError
from digest.model import Batch, Entry, Health, Source, SourceId


@click.group("source")
def source_command() -> None:
    """List, add, edit and check sources."""


@source_command.command("list")
@json_option
@options
def list_sources(as_json: bool, config: Path | None, verbose: int) -> None:
    """List the sources: what came from each, and how polling them goes.

    The state is ok, failed, new (never polled), off, or import for what stands for imported files.
    """
    with site(config) as app:
        sources, tallies, healths = app.store.sources(), app.store.source_tallies(), app.store.source_health()
    rows = [(one, healths[one.id], *tallies.get(one.id, (0, None))) for one in sources]
    if as_json:
        for one, health, entries, last in rows:
            polled = {name: value for name, value in asdict(health).items() if name != "source_id"}
            print_json({**asdict(one), **polled, "state": _state(one, health), "entries": entries, "last_seen": last})
    else:
        table = [
            (
                one.id,
                n,
                last,
                _state(one, health),
                health.failing_since,
                health.next_poll,
                health.last_error or one.name,
            )
            for one, health, n, last in rows
        ]
        print_rows(table, head=("id", "entries", "last seen", "state", "since", "next poll", "name, last error"))


def _state(source: Source, health: Health) -> str:
    if not source.url:
        return "import"
    if not source.enabled:
        return "off"
    if health.failing_since:
        return "failed"
    return "ok" if health.last_poll else "new"


@source_command.command("show")
@click.argument("source")
@json_option
@options
def show_source(source: str, as_json: bool, config: Path | None, verbose: int) -> None:
    """Show SOURCE as TOML: what `source import` reads."""
    from digest.config.definitions import write_sources

    with site(config) as app:
        found = app.store.source(SourceId(source))
    if as_json:
        print_json(found)
    else:
        click.echo(write_sources([found]), nl=False)


@source_command.command("add")
@click.argument("source")
@click.argument("url")
@click.option("--name", help="The name readers see; default the id.")
@click.option(
    "--kind", default="feed", show_default=True, help="What stands there: feed, arxiv-feed, daily-papers, ..."
)
@click.option(
    "--rights",
    type=click.Choice(["full", "excerpt", "link"]),
    default="full",
    show_default=True,
    help="What of its text may be republished.",
)
@options
def add_source(source: str, url: str, name: str | None, config: Path | None, verbose: int, **fields: Any) -> None:
    """Add SOURCE, a lower-case id, at URL."""
    from digest.config.definitions import source_of

    made = source_of({"id": source, "url": url, "name": name or source, **fields}, "the new source")
    with site(config) as app, app.store.transaction():
        if any(one.id == made.id for one in app.store.sources()):
            raise ConfigError(f"there is a source {source!r} already", hint=f"digest source edit {source}")
        app.store.put_sources([made])
    click.echo(f"source {made.id} is added")


@source_command.command("edit")
@click.argument("source")
@options
def edit_source(source: str, config: Path | None, verbose: int) -> None:
    """Change SOURCE in your editor, as TOML."""
    from digest.config.definitions import read_sources, write_sources

    with site(config) as app:
        before = app.store.source(SourceId(source))
        text = click.edit(write_sources([before]), extension=".toml")
        after = read_sources(text, "the edited text") if text else [before]
        if [one.id for one in after] != [before.id]:
            raise ConfigError("the edited text must hold this one source, with its id as it was")
        app.store.put_sources(after)
    click.echo(f"source {source} is {'unchanged' if after == [before] else 'changed'}")


@source_command.command("remove")
@click.argument("source")
@options
def remove_source(source: str, config: Path | None, verbose: int) -> None:
    """Remove SOURCE; the papers it brought stay."""
    with site(config) as app:
        app.store.remove_source(app.store.source(SourceId(source)).id)
    click.echo(f"source {source} is removed; its papers stay")


@source_command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--prune", is_flag=True, help="Remove the polled sources that FILE does not hold.")
@options
def import_sources(file: Path, prune: bool, config: Path | None, verbose: int) -> None:
    """Read sources from a TOML FILE; the same id replaces. Doing it twice changes nothing."""
    from digest.config.definitions import read_sources

    given = read_sources(file.read_text("utf-8"), file.name)
    with site(config) as app, app.store.transaction():
        extra = {one.id for one in app.store.sources() if one.url} - {one.id for one in given}
        app.store.put_sources(given)
        for source in sorted(extra) if prune else ():
            app.store.remove_source(source)
    say(f"{len(given)} sources read{f', {len(extra)} removed' if prune else ''}")


@source_command.command("export")
@options
def export_sources(config: Path | None, verbose: int) -> None:
    """Print all polled sources as TOML."""
    from digest.config.definitions import write_sources

    with site(config) as app:
        click.echo(write_sources(one for one in app.store.sources() if one.url), nl=False)


@source_command.command("check")
@click.argument("inputs", nargs=-1, required=True)
@json_option
@options
def check_source(inputs: tuple[str, ...], as_json: bool, config: Path | None, verbose: int) -> None:
    """Parse files, all files of a folder, or what stands at an address, without storing anything.

    With --json one line an input: {input, format, title, entries: [{id, title, link, published, updated, authors,
    summary}], error}.
    """
    failed = False
    for name in _files(inputs):
        batch, error = _read(name, config)
        failed = failed or error is not None
        if as_json:
            print_json(_line(name, batch, error))
        elif error:
            complain(error)
        else:
            _print(name, batch, verbose=verbose)
    if failed:
        raise Failed


def _files(inputs: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for name in inputs:
        path = Path(name)
        found += sorted(str(one) for one in path.rglob("*") if one.is_file()) if path.is_dir() else [name]
    return found


def _read(name: str, config: Path | None) -> tuple[Batch, SourceError | None]:
    from digest.config.settings import LimitSettings
    from digest.work.importing import read_file

    try:
        if name.startswith(("http://", "https://")):
            return _fetched(name, config), None
        return read_file(Path(name), limit=LimitSettings().import_megabytes), None
    except SourceError as error:
        return Batch(format="unknown"), error


def _fetched(url: str, config: Path | None) -> Batch:
    import asyncio

    from digest.app import read_settings, system_clock
    from digest.work.polling import read_address

    return asyncio.run(read_address(read_settings(config), system_clock, url))


def _line(name: str, batch: Batch, error: SourceError | None) -> dict[str, object]:
    return {
        "input": name,
        "format": None if error else batch.format,
        "title": batch.title,
        "entries": [_entry(entry) for entry in batch.entries],
        "problems": batch.problems,
        "error": error.message if error else None,
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.external_id,
        "title": entry.title,
        "link": entry.links.abstract,
        "published": entry.submitted or entry.listed,
        "updated": entry.listed,
        "authors": entry.authors,
        "summary": entry.abstract,
    }


def _print(name: str, batch: Batch, *, verbose: int) -> None:
    click.echo(f"{name}: {batch.format}, {len(batch.entries)} entries{f', “{batch.title}”' if batch.title else ''}")
    for entry in batch.entries if verbose else batch.entries[:3]:
        click.echo(f"  {entry.title}")
    for problem in batch.problems:
        click.echo(f"  skipped {problem}")
