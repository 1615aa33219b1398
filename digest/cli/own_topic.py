"""`digest subscriber topic`: a reader's own topic, and what each step does to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from msgspec.structs import asdict

from digest.app import App
from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import json_option, options, site
from digest.errors import NotFoundError
from digest.model import Subscriber
from digest.rank.effect import Effect, Move
from digest.render.languages import ENGLISH
from digest.work import personal
from digest.work.personal import PAPERS, Own, Step
from digest.work.phrases import line_of, phrases
from digest.work.ranking import find_paper


@click.group("topic")
def topic_group() -> None:
    """Show and change a reader's own topic, which comes in that reader's mail and secret feed alone."""


@topic_group.command("set")
@click.argument("address")
@click.option(
    "--words", help='Such as: "KV cache" pruning +attention -survey. With + one must stand there, with - none.'
)
@click.option("--authors", help="Names, commas between.")
@click.option("--categories", help="Such as cs.LG, spaces between.")
@json_option
@options
def set_topic(
    address: str,
    words: str | None,
    authors: str | None,
    categories: str | None,
    as_json: bool,
    config: Path | None,
    verbose: int,
) -> None:
    """Give the topic of ADDRESS other words, authors or categories; what is not named stays.

    Who has confirmed no subscription yet gets it after the first confirmation.
    """
    with site(config) as app:
        reader = subscriber_at(app, address)
        now = personal.own(app, reader.id).topic
        lines = (line_of(now), ", ".join(now.authors), " ".join(now.categories))
        given = [old if new is None else new for old, new in zip(lines, (words, authors, categories), strict=True)]
        step = personal.say(app, reader.id, phrases(*given), by_link=False)
    _print_step(step, as_json=as_json)


@topic_group.command("show")
@click.argument("address")
@json_option
@options
def show_topic(address: str, as_json: bool, config: Path | None, verbose: int) -> None:
    """Show the topic of ADDRESS: its words, the papers it shall be like and unlike, and whether it is mailed."""
    with site(config) as app:
        found = personal.own(app, subscriber_at(app, address).id)
    if as_json:
        print_json({**asdict(found), "line": line_of(found.topic)})
    elif found.empty and not found.undoable:
        say(f"{address} has no topic of its own")
    else:
        print_rows(_shown(found))


@topic_group.command("more")
@click.argument("address")
@click.argument("paper")
@json_option
@options
def more(address: str, paper: str, as_json: bool, config: Path | None, verbose: int) -> None:
    """Let the topic of ADDRESS have more papers like PAPER: an id, an arXiv id, a DOI, an address, or title words."""
    with site(config) as app:
        step = personal.more_like(app, subscriber_at(app, address).id, find_paper(app, paper).id, by_link=False)
    _print_step(step, as_json=as_json)


@topic_group.command("less")
@click.argument("address")
@click.argument("paper")
@json_option
@options
def less(address: str, paper: str, as_json: bool, config: Path | None, verbose: int) -> None:
    """Let the topic of ADDRESS have fewer papers like PAPER, named as for `more`."""
    with site(config) as app:
        step = personal.less_like(app, subscriber_at(app, address).id, find_paper(app, paper).id, by_link=False)
    _print_step(step, as_json=as_json)


@topic_group.command("undo")
@click.argument("address")
@json_option
@options
def undo(address: str, as_json: bool, config: Path | None, verbose: int) -> None:
    """Take back the last step of ADDRESS; only that one is kept."""
    with site(config) as app:
        step = personal.undo(app, subscriber_at(app, address).id)
    _print_step(step, as_json=as_json)


@topic_group.command("reset")
@click.argument("address")
@click.option("--all", "everything", is_flag=True, help="Take the words, authors and categories away as well.")
@json_option
@options
def reset(address: str, everything: bool, as_json: bool, config: Path | None, verbose: int) -> None:
    """Take the papers of ADDRESS's topic away, so that its words alone count."""
    with site(config) as app:
        step = personal.reset(app, subscriber_at(app, address).id, words=not everything, by_link=False)
    _print_step(step, as_json=as_json)


def subscriber_at(app: App, address: str) -> Subscriber:
    """Return the subscriber of an address. Raises NotFoundError."""
    found = app.store.subscriber_by_address(address)
    if found is None:
        raise NotFoundError(f"no subscriber has the address {address!r}", hint="digest subscriber list")
    return found


def _shown(found: Own) -> Iterator[tuple[object, object]]:
    topic = found.topic
    yield "words", line_of(topic) or None
    yield "authors", ", ".join(topic.authors) or None
    yield "categories", " ".join(topic.categories) or None
    yield "state", found.state
    for word, papers in (("more like", found.more), ("less like", found.less)):
        for paper in papers:
            yield word, f"{paper.id} {paper.title}"


def _print_step(step: Step, *, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(step), "line": line_of(step.topic)})
        return
    print_rows(map(_row, step.effect.moves))
    if step.dropped:
        say(f"of more than {PAPERS} papers the oldest gives way")
    say(summary(step.effect))


def _row(move: Move) -> tuple[object, ...]:
    return (move.before, "->", move.after, move.title[:60], ENGLISH.of(move.why))


def summary(effect: Effect) -> str:
    """Return how many papers moved, in one line."""
    counts = {"in": effect.entered, "out": effect.left, "up": effect.rose, "down": effect.fell}
    told = ", ".join(f"{len(moves)} {way}" for way, moves in counts.items() if moves)
    return f"of {effect.considered} papers of the last days: {told or 'nothing moves'}"
