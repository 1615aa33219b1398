"""`digest preview`: look before anything is sent or published."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from digest.app import App
from digest.cli.compose import date_option, day_of
from digest.cli.output import print_json, say
from digest.cli.shell import json_option, options, site
from digest.errors import NotFoundError
from digest.model import Edition, EditionState, Subscriber, TopicId


@click.command("preview")
@click.argument("topic", required=False)
@click.option("--subscriber", metavar="ADDRESS", help="Show the digest of a subscriber instead of a topic.")
@date_option
@click.option(
    "--out", "folder", default="preview", show_default=True, type=click.Path(path_type=Path), help="Folder to write to."
)
@click.option(
    "--layout",
    metavar="NAME",
    help="Layout of the mail, cards, compact or titles; else the subscriber's or the site's.",
)
@click.option(
    "--language", metavar="TAG", help="Language of the mail, such as en; else the subscriber's or the site's."
)
@click.option("--open", "opens", is_flag=True, help="Open the mail in your browser.")
@json_option
@options
def preview_command(
    topic: str | None,
    subscriber: str | None,
    day: datetime | None,
    folder: Path,
    layout: str | None,
    language: str | None,
    opens: bool,
    as_json: bool,
    config: Path | None,
    verbose: int,
) -> None:
    """Render TOPIC's mail and feeds for a day: mail.html mail.txt mail.eml feed.rss feed.atom feed.json.

    A frozen edition is replayed; else you see what would be composed. Store and site are not touched. For a subscriber
    there is a mail alone, with a placeholder where the reader's own links stand.
    """
    from digest.work.previewing import preview, preview_for, remarks, write
    from digest.work.wishes import form_of

    if (topic is None) == (subscriber is None):
        raise click.UsageError("name a TOPIC, or a subscriber with --subscriber")
    with site(config) as app:
        reader = _reader(app, subscriber) if subscriber else None
        form = form_of(
            language=language or (reader.language if reader else app.site.language),
            layout=layout or (reader.layout if reader else app.settings.mail.layout),
        )
        if reader:
            editions, files = preview_for(app, reader, day_of(day), layout=form.layout, language=form.language)
        else:
            wanted = app.store.topic(TopicId(topic or ""))
            edition, files = preview(app, wanted, day_of(day), layout=form.layout, language=form.language)
            editions = [edition]
        said = remarks(app, editions, layout=form.layout, language=form.language)
    write(folder, files)
    for remark in said:
        say(remark)
    for edition in editions:
        _print(edition, files, as_json=as_json)
    if not as_json:
        for name in files:
            click.echo(folder / name)
    if opens:
        click.launch(str(folder / "mail.html"))


def _reader(app: App, address: str) -> Subscriber:
    found = app.store.subscriber_by_address(address)
    if found is None:
        raise NotFoundError(f"no subscriber has the address {address!r}", hint="`digest subscriber list` has them all")
    return found


def _print(edition: Edition, files: dict[str, bytes], *, as_json: bool) -> None:
    if as_json:
        sizes = {name: len(content) for name, content in files.items()}
        print_json({"edition": edition.id, "state": edition.state, "picks": len(edition.picks), "bytes": sizes})
    else:
        what = "replayed" if edition.state is EditionState.RELEASED else "as it would be composed"
        say(f"{edition.id}, {what}: {len(edition.picks)} picks of {edition.considered} papers")
