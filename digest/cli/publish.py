"""`digest publish`: the site as static files."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.output import print_json
from digest.cli.shell import json_option, options, site


@click.command("publish")
@click.option("--out", "folder", type=click.Path(path_type=Path), help="Folder to write to; default site.folder.")
@json_option
@options
def publish_command(folder: Path | None, as_json: bool, config: Path | None, verbose: int) -> None:
    """Write feeds, archive and pages for any static host: only the files that changed, each whole."""
    from digest.work.publishing import publish

    with site(config) as app:
        target = folder or app.settings.folder / app.settings.site.folder
        done = publish(app, target)
    if as_json:
        print_json(done)
    else:
        click.echo(f"{target}: {done.written} files written, {done.unchanged} unchanged")
