"""`digest preview`: look before anything is sent or published."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from digest.cli.compose import date_option, day_of
from digest.cli.output import print_json, say
from digest.cli.shell import json_option, options, site
from digest.model import EditionState, TopicId


@click.command("preview")
@click.argument("topic")
@date_option
@click.option(
    "--out", "folder", default="preview", show_default=True, type=click.Path(path_type=Path), help="Folder to write to."
)
@click.option("--open", "opens", is_flag=True, help="Open the mail in your browser.")
@json_option
@options
def preview_command(
    topic: str, day: datetime | None, folder: Path, opens: bool, as_json: bool, config: Path | None, verbose: int
) -> None:
    """Render TOPIC's mail and feeds for a day: mail.html mail.txt mail.eml feed.rss feed.atom feed.json.

    A frozen edition is replayed; else you see what would be composed. Store and site are not touched.
    """
    from digest.work.previewing import preview, write

    with site(config) as app:
        edition, files = preview(app, app.store.topic(TopicId(topic)), day_of(day))
    write(folder, files)
    if as_json:
        sizes = {name: len(content) for name, content in files.items()}
        print_json({"edition": edition.id, "state": edition.state, "picks": len(edition.picks), "bytes": sizes})
    else:
        for name in files:
            click.echo(folder / name)
        what = "replayed" if edition.state is EditionState.RELEASED else "as it would be composed"
        say(f"{edition.id}, {what}: {len(edition.picks)} picks of {edition.considered} papers")
    if opens:
        click.launch(str(folder / "mail.html"))
