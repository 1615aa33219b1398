"""`digest source check`: parse without storing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from digest.cli.output import print_json, say
from digest.cli.shell import Failed, complain, json_option, options
from digest.errors import SourceError
from digest.model import Batch, Entry


@click.command("check")
@click.argument("inputs", nargs=-1, required=True)
@json_option
@options
def check_source(inputs: tuple[str, ...], as_json: bool, config: Path | None, verbose: int) -> None:
    """Parse files, all files of a folder, or what stands at an address, without storing anything.

    With --json one line an input: {input, format, title, entries: [{id, title, link, published, updated, authors,
    summary}], error}. What was left out is told on stderr.
    """
    failed = False
    for name in _files(inputs):
        batch, error = _read(name, config)
        failed = failed or error is not None
        if as_json:
            print_json(_line(name, batch, error))
            _tell_left_out(name, batch)
        elif error:
            complain(error)
        else:
            _print(name, batch, verbose=verbose)
    if failed:
        raise Failed


def _files(inputs: tuple[str, ...]) -> Iterator[str]:
    for name in inputs:
        path = Path(name)
        yield from sorted(str(one) for one in path.rglob("*") if one.is_file()) if path.is_dir() else [name]


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
        "error": error.message if error else None,
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.external_id,
        "title": entry.title,
        "link": entry.links.abstract,
        "published": entry.submitted or entry.announced or entry.listed,
        "updated": entry.listed,
        "authors": entry.authors,
        "summary": entry.abstract,
    }


def _tell_left_out(name: str, batch: Batch) -> None:
    for problem in batch.problems:
        say(f"{name}: skipped {problem}")


def _print(name: str, batch: Batch, *, verbose: int) -> None:
    click.echo(f"{name}: {batch.format}, {len(batch.entries)} entries{f', “{batch.title}”' if batch.title else ''}")
    for entry in batch.entries if verbose else batch.entries[:3]:
        click.echo(f"  {entry.title}")
    for problem in batch.problems:
        click.echo(f"  skipped {problem}")
