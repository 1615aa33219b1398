"""`digest init`: a new site in one minute."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from digest.work.starting import start


@click.command("init")
@click.argument("folder", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--yes", is_flag=True, help="Ask nothing: take the defaults, to be changed in digest.toml.")
def init_command(folder: Path, yes: bool) -> None:
    """Start a site in FOLDER (default: here): a commented digest.toml, the store, seed sources and topics."""
    path = start(folder, {} if yes else _ask())
    click.echo(f"{path} is written, and the store has the seed sources and topics: no papers yet.")
    click.echo("Next: digest topic list; digest import FILE...; digest preview TOPIC --out preview")


def _ask() -> dict[tuple[str, str], str]:
    title = click.prompt("Name of the site", default="Digest")
    url = click.prompt("Where readers will find it", default="http://localhost:8000")
    zone = click.prompt("Time zone in which its days end", default="UTC")
    answers = {("site", "title"): title, ("site", "url"): url, ("site", "zone"): zone}
    host = urlsplit(url).hostname
    if host and host != "localhost":
        answers["site", "tag"] = f"{host},{_year()}"
    return answers


def _year() -> int:
    from digest.app import system_clock

    return system_clock().year
