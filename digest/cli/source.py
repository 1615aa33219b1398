"""`digest source`: where papers come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from msgspec.structs import asdict

from digest.cli import definitions
from digest.cli.checking import check_source
from digest.cli.definitions import SOURCES
from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import complain, json_option, options, site
from digest.errors import ConfigError, FetchError
from digest.model import Health, Rights, Source
from digest.store import Store

if TYPE_CHECKING:
    from digest.sources.discovery import Found


@click.group("source")
def source_command() -> None:
    """List, add, edit and check sources."""


def rights_option(default: str, of: str = "What") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the option --rights."""
    kinds = click.Choice([one.value for one in Rights])
    return click.option(
        "--rights", type=kinds, default=default, show_default=True, help=f"{of} of its text may be republished."
    )


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
            polled = {name: value for name, value in asdict(health).items() if name not in ("source_id", "rhythm")}
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
    definitions.show(SOURCES, source, config, as_json=as_json)


@source_command.command("add")
@click.argument("words", nargs=-1, required=True, metavar="[SOURCE] URL")
@click.option("--name", help="The name readers see; default what the feed calls itself, or the id.")
@click.option("--kind", help="What stands there: feed, arxiv-feed, daily-papers, ...; default what its address says.")
@rights_option("full")
@click.option("--guess", is_flag=True, help="If the page names no feed, look in the usual places.")
@click.option("--as-is", is_flag=True, help="Take URL as it is, without a look at what stands there.")
@options
def add_source(words: tuple[str, ...], config: Path | None, verbose: int, **given: Any) -> None:
    """Add the source at URL: a feed, or the feed of the page there. SOURCE is its id, in lower case.

    A page of arXiv, bioRxiv or Hugging Face stands for what it lists. If a page names several feeds they are listed.
    """
    if len(words) > 2:
        raise click.UsageError("give an id and an address, or an address alone")
    *id_, url = words
    made = _made(id_[0] if id_ else None, url, config, **given)
    definitions.add(SOURCES, made, lambda store: _taken(store, made), config)
    click.echo(f"source {made.id} is added: {made.kind} at {made.url}")


def _made(
    id_: str | None,
    url: str,
    config: Path | None,
    *,
    name: str | None,
    kind: str | None,
    rights: str,
    guess: bool,
    as_is: bool,
) -> Source:
    from digest.config.definitions import source_of
    from digest.text import slug

    found = _as_given(url) if as_is else _found(url, config, guess=guess, needed=id_ is None)
    named = name or found.title or id_ or urlsplit(found.url).hostname or found.url
    fields = {"id": id_ or slug(named), "url": found.url, "name": named, "kind": kind or found.kind, "rights": rights}
    return source_of(fields, "the new source", definitions.kinds())


def _as_given(url: str) -> Found:
    from digest.sources.discovery import Found, kind_of

    return Found(url=url, kind=kind_of(url))


def _found(url: str, config: Path | None, *, guess: bool, needed: bool) -> Found:
    """Return what stands at an address; one that cannot be reached now is believed, unless its title is needed."""
    import asyncio

    from digest.app import read_settings, system_clock
    from digest.work.finding import find

    try:
        return asyncio.run(find(read_settings(config), system_clock, url, guess=guess))
    except FetchError as error:
        if needed:
            raise
        complain(error)
        say("it is added all the same, and polled when it is due")
        return _as_given(url)


def _taken(store: Store, made: Source) -> list[str]:
    """Return the ids that are taken. Raises ConfigError if the address is, too."""
    stored = store.sources()
    same = [one.id for one in stored if one.url == made.url]
    if same:
        raise ConfigError(f"source {same[0]!r} polls {made.url} already", hint=f"digest source show {same[0]}")
    return [one.id for one in stored]


@source_command.command("edit")
@click.argument("source")
@options
def edit_source(source: str, config: Path | None, verbose: int) -> None:
    """Change SOURCE in your editor, as TOML."""
    definitions.edit(SOURCES, source, config)


@source_command.command("remove")
@click.argument("source")
@options
def remove_source(source: str, config: Path | None, verbose: int) -> None:
    """Remove SOURCE; the papers it brought stay."""
    definitions.remove(SOURCES, source, config, stays="papers")


@source_command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--prune", is_flag=True, help="Remove the polled sources that FILE does not hold.")
@rights_option("excerpt", of="OPML does not say it: what")
@options
def import_sources(file: Path, prune: bool, rights: str, config: Path | None, verbose: int) -> None:
    """Read sources from a TOML FILE, where the same id replaces, or an OPML FILE, where a known address stays.

    Doing it twice changes nothing.
    """
    from digest.work.exchange import read_listing, sources_in

    listing = read_listing(file)
    if listing is None:
        given = SOURCES.read(definitions.text_of(file), file.name)
        definitions.take(SOURCES, lambda store: given, config, prune=prune)
        return
    definitions.take(SOURCES, lambda store: sources_in(listing, store, Rights(rights)), config, prune=prune)
    for problem in listing.problems:
        say(f"skipped {problem}")


@source_command.command("export")
@click.option("--opml", is_flag=True, help="As OPML, for other feed readers.")
@options
def export_sources(opml: bool, config: Path | None, verbose: int) -> None:
    """Print all polled sources as TOML."""
    from digest.work.exchange import as_opml

    if not opml:
        definitions.export(SOURCES, config)
        return
    with site(config) as app:
        click.echo(as_opml(app), nl=False)


@source_command.command("signals")
@json_option
@options
def show_signals(as_json: bool, config: Path | None, verbose: int) -> None:
    """Show how asking services for votes, stars and citations goes; `digest poll --signals` asks them.

    The state is ok, failed, new (never asked) or off.
    """
    from digest.cli.signals import show

    show(config, as_json=as_json)


source_command.add_command(check_source)
