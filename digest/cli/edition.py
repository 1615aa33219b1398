"""`digest edition`: look at what is frozen, and the editor's desk: what stands in a draft before it goes out."""

from __future__ import annotations

from pathlib import Path

import click

from digest.app import App
from digest.cli.compose import summary
from digest.cli.output import print_json, print_rows, say
from digest.cli.picks import print_parts
from digest.cli.shell import Failed, json_option, options, site
from digest.model import Edition, EditionId, TopicId
from digest.render.standing import line_of
from digest.render.why import sentence
from digest.work import desk
from digest.work.previewing import mail_files, write
from digest.work.ranking import find_paper
from digest.work.replaying import replay

named = click.argument("edition", metavar="EDITION")
paper_words = click.argument("paper", nargs=-1, required=True)


@click.group("edition")
def edition_command() -> None:
    """List, show, edit and release editions.

    EDITION is a topic and a period, such as kv-cache/2026-11-20, whether it is composed yet or not; a topic alone
    means its draft, or else the edition that comes next. PAPER is an id, an arXiv id, a DOI, an address, or words of
    a title.
    """


@edition_command.command("list")
@click.argument("topic", required=False)
@click.option("--drafts", is_flag=True, help="Only those that are not out yet.")
@json_option
@options
def list_editions(topic: str | None, drafts: bool, as_json: bool, config: Path | None, verbose: int) -> None:
    """List the editions of all topics, or of TOPIC, newest first."""
    with site(config) as app:
        chosen = app.store.topic(TopicId(topic)).id if topic else None
        found = app.store.editions(chosen)
        rows = [_row(app, one) for one in found if one.released is None or not drafts]
    if as_json:
        for row in rows:
            print_json(row)
    else:
        columns = ("id", "state", "picks", "considered")
        print_rows([[row[name] for name in columns] for row in rows], head=columns)


@edition_command.command("show")
@named
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Also write its mail to this folder.")
@click.option("--replay", "again", is_flag=True, help="Rank that day anew as the store stood then, and compare.")
@json_option
@options
def show_edition(edition: str, out: Path | None, again: bool, as_json: bool, config: Path | None, verbose: int) -> None:
    """Show EDITION: picks, reasons and, with -v, scores; what it renders is what was frozen."""
    with site(config) as app:
        found = app.store.edition(EditionId(edition))
        if out:
            write(out, mail_files(app, [found]))
        differences = replay(app, found).differences if again else ()
    if as_json:
        print_json({"edition": found, "differences": differences} if again else found)
    else:
        _print(found, verbose=verbose)
    if again:
        _print_replay(differences)


@edition_command.command("note")
@named
@click.argument("text")
@options
def note_command(edition: str, text: str, config: Path | None, verbose: int) -> None:
    """Put a note on top of EDITION; an empty TEXT takes it away."""
    with site(config) as app:
        wanted = desk.edition_for(app, edition)
        _tell(desk.note(app, wanted, text), wanted, "the note stands on top")


@edition_command.command("pin")
@named
@paper_words
@click.option("--place", type=click.IntRange(1, 1000), default=1, show_default=True, help="Where, from the top.")
@options
def pin_command(edition: str, paper: tuple[str, ...], place: int, config: Path | None, verbose: int) -> None:
    """Put PAPER, from anywhere in the store, at a place in EDITION, whatever it scores."""
    with site(config) as app:
        wanted, found = desk.edition_for(app, edition), find_paper(app, " ".join(paper))
        _tell(desk.pin(app, wanted, found.id, place), wanted, f"“{found.title}” stands at {place}")


@edition_command.command("unpin")
@named
@paper_words
@options
def unpin_command(edition: str, paper: tuple[str, ...], config: Path | None, verbose: int) -> None:
    """Leave the place of PAPER in EDITION to its score again."""
    with site(config) as app:
        wanted, found = desk.edition_for(app, edition), find_paper(app, " ".join(paper))
        _tell(desk.unpin(app, wanted, found.id), wanted, f"“{found.title}” stands where its score puts it")


@edition_command.command("order")
@named
@click.argument("papers", nargs=-1, required=True)
@options
def order_command(edition: str, papers: tuple[str, ...], config: Path | None, verbose: int) -> None:
    """Put PAPERS (an id each) first in EDITION, in this order."""
    with site(config) as app:
        wanted, found = desk.edition_for(app, edition), [find_paper(app, one).id for one in papers]
        _tell(desk.order(app, wanted, found), wanted, f"{len(found)} papers stand first")


@edition_command.command("block")
@click.argument("topic")
@paper_words
@options
def block_command(topic: str, paper: tuple[str, ...], config: Path | None, verbose: int) -> None:
    """Keep PAPER out of all editions of TOPIC that are not out yet, for good."""
    with site(config) as app:
        chosen, found = app.store.topic(TopicId(topic.partition("/")[0])), find_paper(app, " ".join(paper))
        drafts = desk.block(app, chosen, found.id)
        say(f"“{found.title}” never comes to {chosen.id}; drafts composed anew: {len(drafts)}")


@edition_command.command("unblock")
@click.argument("topic")
@paper_words
@options
def unblock_command(topic: str, paper: tuple[str, ...], config: Path | None, verbose: int) -> None:
    """Let PAPER come to TOPIC again."""
    with site(config) as app:
        chosen, found = app.store.topic(TopicId(topic.partition("/")[0])), find_paper(app, " ".join(paper))
        drafts = desk.unblock(app, chosen, found.id)
        say(f"“{found.title}” may come to {chosen.id}; drafts composed anew: {len(drafts)}")


@edition_command.command("hold")
@named
@options
def hold_command(edition: str, config: Path | None, verbose: int) -> None:
    """Keep EDITION from going out by itself, until `release`."""
    with site(config) as app:
        wanted = desk.edition_for(app, edition)
        _tell(desk.hold(app, wanted), wanted, "it waits for `digest edition release`")


@edition_command.command("release")
@named
@options
def release_command(edition: str, config: Path | None, verbose: int) -> None:
    """Let EDITION go out now. From here on it never changes."""
    with site(config) as app:
        wanted = desk.edition_for(app, edition)
        released = desk.release(app, wanted)
        say(f"{released.id} is out, with {len(released.picks)} picks")


def _row(app: App, one: Edition) -> dict[str, object]:
    return {**summary(one), "held": app.store.desk(one.id).held}


def _tell(drafted: Edition | None, wanted: EditionId, what: str) -> None:
    when = "" if drafted else ", once it is composed"
    say(f"{wanted}: {what}{when}")
    if drafted:
        _print(drafted)


def _print(found: Edition, *, verbose: int = 0) -> None:
    click.echo(f"{found.topic.name}, {found.period.label}: {found.state}, as of {found.as_of:%Y-%m-%d %H:%M} UTC")
    for remark in filter(None, (found.note, line_of(found.health))):
        click.echo(f"    {remark}")
    for pick in found.picks:
        click.echo(f"{pick.rank:>2}  {pick.paper.title}\n    {sentence(pick)}")
        for sister in pick.also:
            click.echo(f"    see also: {sister.title}")
        if verbose:
            print_parts(pick)


def _print_replay(differences: tuple[str, ...]) -> None:
    if not differences:
        return say("ranked anew as the store stood then: the same picks, scores and words")
    for difference in differences:
        say(difference)
    raise Failed
