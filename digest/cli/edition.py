"""`digest edition`: look at what is frozen."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.compose import summary
from digest.cli.output import print_json, print_rows
from digest.cli.picks import print_parts
from digest.cli.shell import json_option, options, site
from digest.model import EditionId, TopicId


@click.group("edition")
def edition_command() -> None:
    """List and show editions."""


@edition_command.command("list")
@click.argument("topic", required=False)
@json_option
@options
def list_editions(topic: str | None, as_json: bool, config: Path | None, verbose: int) -> None:
    """List the editions of all topics, or of TOPIC, newest first."""
    with site(config) as app:
        chosen = app.store.topic(TopicId(topic)).id if topic else None
        rows = [summary(edition) for edition in app.store.editions(chosen)]
    if as_json:
        for row in rows:
            print_json(row)
    else:
        columns = ("id", "state", "picks", "considered")
        print_rows([[row[name] for name in columns] for row in rows], head=columns)


@edition_command.command("show")
@click.argument("edition")
@json_option
@options
def show_edition(edition: str, as_json: bool, config: Path | None, verbose: int) -> None:
    """Show EDITION (such as kv-cache/2026-11-20): picks, reasons and scores."""
    with site(config) as app:
        found = app.store.edition(EditionId(edition))
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.topic.name}, {found.period.label}: {found.state}, as of {found.as_of:%Y-%m-%d %H:%M} UTC")
    for pick in found.picks:
        click.echo(f"{pick.rank:>2}  {pick.paper.title}\n    {pick.sentence}")
        if verbose:
            print_parts(pick)
