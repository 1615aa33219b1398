"""`digest demo`: see everything in three seconds."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.output import print_json, say
from digest.cli.shell import json_option


@click.command("demo")
@click.option(
    "--out", "folder", default="digest-demo", show_default=True, type=click.Path(path_type=Path), help="Where to write."
)
@json_option
def demo_command(folder: Path, as_json: bool) -> None:
    """Run the whole job on the shipped sample papers: no network, no mail.

    Prints the picks of the newest day and writes the site, a morning mail, and a preview of every topic.
    """
    from digest.render.why import sentence
    from digest.work.demo import run

    done = run(folder)
    for edition in done.editions:
        if as_json:
            print_json(edition)
            continue
        click.echo(f"\n{edition.topic.name}")
        for pick in edition.picks:
            click.echo(f"  {pick.rank}. {pick.paper.title}\n     {sentence(pick)}")
        if not edition.picks:
            click.echo("  nothing today")
    say(f"\n{done.papers} sample papers, {done.composed} editions, {done.files} files. Look at:")
    for name in ("site/index.html", "mail/mail.html", "preview"):
        say(f"  {folder / name}")
