"""`digest status`: how the site stands."""

from __future__ import annotations

from pathlib import Path

from click import command

from digest.cli.output import print_json, print_rows
from digest.cli.shell import json_option, options, site
from digest.work.status import status


@command("status")
@json_option
@options
def status_command(as_json: bool, config: Path | None, verbose: int) -> None:
    """Say how the site stands: what is stored, what was last seen and composed, what is due."""
    with site(config) as app:
        found = status(app)
    if as_json:
        print_json(found)
        return
    print_rows([(name.replace("_", " "), value) for name, value in found.counts.items()])
    print_rows(
        [
            ("last paper seen", found.last_seen),
            ("last edition", found.last_edition),
            ("editions due now", found.due),
            ("next cut", found.next_cut),
        ]
    )
