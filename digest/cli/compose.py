"""`digest compose`: freeze what is due."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from digest.app import App
from digest.cli.output import print_json, say
from digest.cli.shell import json_option, options, site
from digest.model import Edition, Topic, TopicId
from digest.work.composing import compose_day, compose_due

date_option = click.option(
    "--date", "day", metavar="D", type=click.DateTime(["%Y-%m-%d"]), help="The day D, such as 2026-11-20."
)


def day_of(given: datetime | None) -> date | None:
    """Return the day a date option names."""
    return given.replace(tzinfo=UTC).date() if given else None


@click.command("compose")
@click.argument("topics", nargs=-1)
@date_option
@json_option
@options
def compose_command(
    topics: tuple[str, ...], day: datetime | None, as_json: bool, config: Path | None, verbose: int
) -> None:
    """Freeze the editions that are due, of TOPICS, or of all topics and readers' own ones, which are not listed.

    With --date, compose that day's edition now, even before it is due; papers that come later go into the next one.
    """
    with site(config) as app:
        chosen = topics_named(app, topics)
        wanted = day_of(day)
        made = compose_day(app, chosen, wanted) if wanted else compose_due(app, chosen if topics else None)
        for edition in made:
            if edition.topic.owner is None:
                _print(edition, as_json=as_json)
        if not made:
            say(_nothing(app, chosen, wanted))


def topics_named(app: App, names: tuple[str, ...]) -> list[Topic]:
    """Return the named topics, or all that are enabled. Raises NotFoundError."""
    if names:
        return [app.store.topic(TopicId(name)) for name in names]
    return [topic for topic in app.store.topics() if topic.enabled]


def _print(edition: Edition, *, as_json: bool) -> None:
    if as_json:
        print_json(summary(edition))
    else:
        what = f"{len(edition.picks)} of {edition.considered} papers" if edition.picks else "empty"
        click.echo(f"{edition.id}  {edition.state}  {what}")


def summary(edition: Edition) -> dict[str, object]:
    """Return the line of an edition that lists print."""
    return {
        "id": edition.id,
        "topic": edition.topic.id,
        "period": edition.period.label,
        "state": edition.state,
        "picks": len(edition.picks),
        "considered": edition.considered,
        "matched": edition.matched,
        "cut": edition.cut,
        "as_of": edition.as_of,
        "released": edition.released,
    }


def _nothing(app: App, topics: list[Topic], day: date | None) -> str:
    if not topics:
        return "there is no topic: `digest topic add` makes one"
    if day:
        return f"nothing new to compose for {day}: its editions stand"
    if app.store.first_sight() is None:
        return "there is no paper yet: `digest import` takes files"
    today = app.calendar.today(app.now())
    return f"nothing is due; `digest compose --date {today}` composes today's editions before their time"
