"""`digest subscriber`: who is mailed. Addresses are shown to the operator, whose list it is."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import asdict

from digest.app import App
from digest.cli.output import print_json, print_rows
from digest.cli.own_topic import subscriber_at, topic_group
from digest.cli.shell import Failed, json_option, options, site
from digest.model import Cadence, Subscriber, SubscriptionState
from digest.work.personal import forget
from digest.work.rolls import Imported, add_row, export_rows, import_rows, read_csv, write_csv
from digest.work.subscribing import leave, pause, suppressed

_SHOWN = (SubscriptionState.ACTIVE, SubscriptionState.PENDING)
_COLUMNS = ("address", "cadence", "send_hour", "zone", "paused", "active", "pending")

confirmed_option = click.option(
    "--confirmed", is_flag=True, help="Their owners have agreed, on your word; else a letter asks each of them."
)
topic_option = click.option("--topic", "topics", multiple=True, help="A topic's id; repeat it for more.")


@click.group("subscriber")
def subscriber_command() -> None:
    """List, add, import, export and pause subscribers."""


subscriber_command.add_command(topic_group)


@subscriber_command.command("list")
@json_option
@options
def list_subscribers(as_json: bool, config: Path | None, verbose: int) -> None:
    """List the subscribers with what each gets."""
    with site(config) as app:
        rows = [_standing(app, one) for one in app.store.subscribers()]
    if as_json:
        for row in rows:
            print_json(row)
        return
    table = [[_word(row[name]) for name in _COLUMNS] for row in rows]
    print_rows(table, head=[name.replace("_", " ") for name in _COLUMNS])


@subscriber_command.command("show")
@click.argument("address")
@json_option
@options
def show_subscriber(address: str, as_json: bool, config: Path | None, verbose: int) -> None:
    """Show ADDRESS: what it gets, how consent was given, what was mailed, and whether it is suppressed."""
    with site(config) as app:
        one = subscriber_at(app, address)
        standing = {**_standing(app, one), "suppressed": suppressed(app, one.address)}
        held, mailed = app.store.subscriptions(one.id), app.store.deliveries(subscriber_id=one.id)
    if as_json:
        print_json({**standing, "subscriptions": held, "deliveries": mailed})
        return
    print_rows([(name.replace("_", " "), _word(value)) for name, value in standing.items()])
    print_rows([(sub.topic_id, sub.state, sub.since, sub.evidence) for sub in held])
    print_rows([(mail.slot, mail.state, mail.due, mail.reply) for mail in mailed])


@subscriber_command.command("add")
@click.argument("address")
@topic_option
@click.option(
    "--cadence",
    type=click.Choice([one.value for one in Cadence]),
    default=Cadence.DAILY.value,
    show_default=True,
    help="How often.",
)
@click.option("--hour", default=7, show_default=True, help="At which hour, 0 to 23.")
@click.option("--zone", help="In which time zone; default site.zone.")
@confirmed_option
@options
def add_subscriber(
    address: str,
    topics: tuple[str, ...],
    cadence: str,
    hour: int,
    zone: str | None,
    confirmed: bool,
    config: Path | None,
    verbose: int,
) -> None:
    """Add ADDRESS, and send it a letter that asks, unless --confirmed. A suppressed address stays suppressed."""
    with site(config) as app:
        row = {"address": address, "cadence": cadence, "hour": str(hour), "zone": zone or ""}
        done = add_row(app, row, topics=topics, confirmed=confirmed)
    click.echo(f"{address}: {done}")


@subscriber_command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@topic_option
@confirmed_option
@json_option
@options
def import_subscribers(
    file: Path, topics: tuple[str, ...], confirmed: bool, as_json: bool, config: Path | None, verbose: int
) -> None:
    """Take subscribers from a CSV FILE with a column `address`; --topic is for lines that name none.

    Further columns: cadence, zone, hour, language, layout, topics (ids, spaces between), state. Doing it twice changes
    nothing; who left or is suppressed stays so.
    """
    rows = read_csv(file.read_bytes())
    with site(config) as app:
        done = import_rows(app, rows, topics=topics, confirmed=confirmed)
    if as_json:
        print_json(done)
    else:
        click.echo(f"{file.name}: {_counted(done)}")
    _tell(done)


@subscriber_command.command("export")
@options
def export_subscribers(config: Path | None, verbose: int) -> None:
    """Print all subscribers as CSV: what `subscriber import` reads. What ended and readers' own topics are left out."""
    with site(config) as app:
        click.echo(write_csv(export_rows(app)), nl=False)


@subscriber_command.command("pause")
@click.argument("address")
@click.option("--off", is_flag=True, help="Let the mail go on.")
@options
def pause_subscriber(address: str, off: bool, config: Path | None, verbose: int) -> None:
    """Let the mail to ADDRESS rest."""
    with site(config) as app:
        pause(app, subscriber_at(app, address).id, paused=not off)
    click.echo(f"{address} {'gets mail again' if off else 'rests'}")


@subscriber_command.command("remove")
@click.argument("address")
@options
def remove_subscriber(address: str, config: Path | None, verbose: int) -> None:
    """End all that ADDRESS gets, as its own link for leaving does: only its owner can ask for mail again.

    The reader's own topic is forgotten with all that was made for it.
    """
    with site(config) as app, app.store.transaction():
        reader = subscriber_at(app, address).id
        leave(app, reader, evidence="removed, by the operator")
        forget(app, reader)
    click.echo(f"{address} is mailed no more")


def _standing(app: App, one: Subscriber) -> dict[str, object]:
    held = app.store.subscriptions(one.id)
    return {**asdict(one), **{state: [sub.topic_id for sub in held if sub.state is state] for state in _SHOWN}}


def _counted(done: Imported) -> str:
    counts = {name: value for name, value in asdict(done).items() if value and name != "problems"}
    return ", ".join(f"{value} {name}" for name, value in counts.items()) or "nothing taken"


def _tell(done: Imported) -> None:
    """Print what was left out and why; it is then no success."""
    for problem in done.problems:
        click.echo(f"error[failed]: {problem}", err=True)
    if done.problems:
        raise Failed


def _word(value: object) -> object:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return " ".join(value) or None
        case _:
            return value
