"""`digest status`: how the site stands."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import Failed, json_option, options, site
from digest.model import Condition
from digest.work.status import status


@click.command("status")
@json_option
@options
def status_command(as_json: bool, config: Path | None, verbose: int) -> None:
    """Say how the site stands: what is stored, seen, composed and due. Exit code 1 if something is stuck."""
    with site(config) as app:
        found = status(app)
    if as_json:
        print_json(found)
    else:
        print_rows([(name.replace("_", " "), value) for name, value in found.counts.items()])
        print_rows(map(_row, found.sources), head=("source", "state", "since", "last new", "new", "usually", "name"))
        print_rows([(f"mail {name}", count) for name, count in found.mail.items()])
        print_rows(
            [
                ("last paper seen", found.last_seen),
                ("last edition", found.last_edition),
                ("editions due now", found.due),
                ("next cut", found.next_cut),
                ("next mail", found.next_mail),
            ]
        )
        for line in found.stuck:
            say(f"stuck: {line}")
    if found.stuck:
        raise Failed


def _row(one: Condition) -> tuple[object, ...]:
    name = f"{one.source_id} {one.category}" if one.category else one.source_id
    return name, str(one.state), one.since, one.last_new, one.count, one.usual, one.name
