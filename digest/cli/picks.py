"""`digest rank` and `digest why`: what would be picked, and the score of one paper part by part."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TextIO

import click

from digest.app import App
from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import json_option, options, site
from digest.config.definitions import varied
from digest.edition import instant
from digest.errors import ConfigError
from digest.model import Edition, Period, Pick, Topic, TopicId
from digest.rank.score import formula
from digest.render.languages import ENGLISH
from digest.render.why import sentence
from digest.work.ranking import Reply, draft, find_paper
from digest.work.ranking import why as explain
from digest.work.replaying import Day, compare

at_option = click.option("--at", metavar="T", help="A day or an instant (2026-11-20, 2026-11-20T12:00Z); default now.")


@click.command("rank")
@click.argument("topic")
@at_option
@click.option("--explain", "explained", is_flag=True, help="Show the parts of each score.")
@click.option("--weights", type=click.File(), help="TOML with other [weights], or other fields of the topic, to try.")
@click.option("--compare", "days_back", is_flag=True, help="Show what --weights would have changed on past days.")
@click.option(
    "--days", type=click.IntRange(1, 366), default=7, show_default=True, help="How many days --compare tries."
)
@json_option
@options
def rank_command(
    topic: str,
    at: str | None,
    explained: bool,
    weights: TextIO | None,
    days_back: bool,
    days: int,
    as_json: bool,
    config: Path | None,
    verbose: int,
) -> None:
    """Show what would be picked for TOPIC now, or at T. Touches nothing."""
    with site(config) as app:
        wanted = app.store.topic(TopicId(topic))
        if days_back:
            _print_days(compare(app, wanted, _varied(wanted, weights), days=days), as_json=as_json)
            return
        wanted = _varied(wanted, weights)
        moment = moment_of(app, at)
        period = Period.containing(wanted.periods[0], app.calendar.today(moment))
        found = draft(app, wanted, period, as_of=moment)
    if as_json:
        for pick in found.picks:
            print_json(pick)
        return
    _print_picks(found, explained=explained)
    say(f"{wanted.name}, {period.label}: {len(found.picks)} picks of {found.considered} papers in the window")


@click.command("why")
@click.argument("topic")
@click.argument("paper", nargs=-1, required=True)
@at_option
@json_option
@options
def why_command(
    topic: str, paper: tuple[str, ...], at: str | None, as_json: bool, config: Path | None, verbose: int
) -> None:
    """Show the score of PAPER (id, arXiv id, DOI, address, or words of its title) for TOPIC, part by part."""
    with site(config) as app:
        wanted, found = app.store.topic(TopicId(topic)), find_paper(app, " ".join(paper))
        moment = moment_of(app, at)
        period = Period.containing(wanted.periods[0], app.calendar.today(moment))
        reply = explain(app, wanted, found, period, as_of=moment)
    if as_json:
        print_json(reply)
    else:
        _print_reply(reply)


def _varied(topic: Topic, weights: TextIO | None) -> Topic:
    return varied(topic, weights.read(), weights.name) if weights else topic


def _print_days(days: list[Day], *, as_json: bool) -> None:
    for day in days:
        if as_json:
            print_json({"period": day.period.label, "picks": day.picks, "changes": day.changes})
            continue
        click.echo(
            f"{day.period.label}: {day.picks} picks, {len(day.entered)} in, {len(day.left)} out, {len(day.moved)} moved"
        )
        print_rows((f"   {_rank(one.before)}", f"> {_rank(one.after)}", one.title) for one in day.changes)
    entered, left, moved = (sum(len(getattr(day, kind)) for day in days) for kind in ("entered", "left", "moved"))
    say(f"in {len(days)} periods: {sum(day.picks for day in days)} picks, {entered} in, {left} out, {moved} moved")


def _rank(rank: int | None) -> str:
    return str(rank) if rank else "out"


def moment_of(app: App, text: str | None) -> datetime:
    """Return the instant that --at names; a day is the end of its period. Raises ConfigError."""
    if text is None:
        return app.now()
    try:
        if len(text) == len("2026-11-20"):
            return instant(date.fromisoformat(text), time(23, 59, 59), app.calendar.zone)
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--at is {text!r}: not a date", hint="write 2026-11-20 or 2026-11-20T12:00Z") from error
    return (given if given.tzinfo else given.replace(tzinfo=app.calendar.zone)).astimezone(UTC)


def print_parts(pick: Pick) -> None:
    """Print a score as a sum that can be added up by hand."""
    rows = [
        (f"  {part.name}", f"{part.value:.4f} × {part.weight:.3f}", f"= {part.value * part.weight:.4f}", part.detail)
        for part in pick.parts
    ]
    print_rows([*rows, ("  score", "", f"= {pick.score:.4f}", "")])
    click.echo(f"  {formula(pick)}")


def _print_picks(found: Edition, *, explained: bool) -> None:
    for pick in found.picks:
        click.echo(f"{pick.rank:>2}  {pick.score:.3f}  {pick.paper.title}")
        click.echo(f"           {sentence(pick)}")
        if explained:
            print_parts(pick)
    for pick in found.late:
        click.echo(f"late  {pick.score:.3f}  {pick.paper.title}")
        click.echo(f"             {sentence(pick)}")


def _print_reply(reply: Reply) -> None:
    judgement = reply.judgement
    click.echo(judgement.paper.title)
    click.echo(f"  {judgement.paper.id}")
    if judgement.pick:
        click.echo(f"  {sentence(judgement.pick)}")
        print_parts(judgement.pick)
    if judgement.excluded:
        click.echo(f"out: {ENGLISH.of(judgement.excluded)}")
    elif reply.edition:
        rank = next(pick.rank for pick in reply.edition.picks if pick.paper.id == judgement.paper.id)
        click.echo(f"already picked: number {rank} of {reply.edition.id}")
    else:
        click.echo("in, if the window and the topic's limit have room for it")
