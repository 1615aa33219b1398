"""`digest send` and `digest outbox`: deliver what is due, and the books."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec.structs import asdict

from digest.app import App
from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import Failed, complain, json_option, options, site
from digest.errors import DeliveryError
from digest.model import FINAL_DELIVERIES, OPEN_DELIVERIES, DeliveryState
from digest.work.planning import Load, Plan, loads, plan
from digest.work.sending import Sent, send


@click.command("send")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent; the books stay as they are.")
@click.option(
    "--test", "address", metavar="ADDRESS", help="Send the latest editions to ADDRESS alone; no trace in the books."
)
@json_option
@options
def send_command(dry_run: bool, address: str | None, as_json: bool, config: Path | None, verbose: int) -> None:
    """Deliver what is due. A second run sends nothing."""
    with site(config) as app:
        if address:
            from digest.work.testing import send_test  # it may rank anew, and the ranker takes a while to load

            reply = asyncio.run(send_test(app, address))
            click.echo(f"{address}: {reply}")
            return
        plans = plan(app, dry=dry_run)
        for one in plans if dry_run or verbose else ():
            _print_plan(one, as_json=as_json)
        if dry_run:
            _print_loads(loads(app, plans), as_json=as_json)
            say(f"{sum(one.readers for one in plans if one.editions)} mails would be due; nothing was sent")
            return
        done = asyncio.run(send(app))
    _print_sent(done, as_json=as_json)


def _print_plan(one: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(one)
    else:
        editions = ", ".join(one.editions) or "nothing new: skipped"
        click.echo(f"{one.slot}  {one.segment.zone} {one.segment.send_hour:02}:00  {one.readers} readers  {editions}")


def _print_loads(found: Sequence[Load], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            print_json(one)
        return
    print_rows(
        [(f"{one.hour:%Y-%m-%d %H:%M}", one.domain, one.mails) for one in found], head=("hour", "domain", "mails")
    )


def _print_sent(done: Sent, *, as_json: bool) -> None:
    counts = {name: value for name, value in asdict(done).items() if name not in {"error", "hint"}}
    if as_json:
        print_json(done)
    else:
        click.echo(", ".join(f"{value} {name}" for name, value in counts.items()))
    if done.error:
        complain(DeliveryError(done.error, hint=done.hint))
        raise Failed


@click.group("outbox", invoke_without_command=True)
@json_option
@options
@click.pass_context
def outbox_command(ctx: click.Context, as_json: bool, config: Path | None, verbose: int) -> None:
    """Show the books: for each slot how many deliveries stand where. Due is always open plus final."""
    if ctx.invoked_subcommand:
        return
    with site(config) as app:
        books, paused = app.store.books(), app.store.switch("outbox") == "paused"
    rows = [(slot, _balance(states)) for slot, states in books.items()]
    if as_json:
        for slot, balance in rows:
            print_json({"slot": slot, **balance, "states": {str(k): v for k, v in books[slot].items()}})
    else:
        shown = [
            (slot, *balance.values(), *(books[slot].get(state) for state in DeliveryState)) for slot, balance in rows
        ]
        print_rows(shown, head=("slot", "due", "open", "final", *DeliveryState))
    if paused:
        say("the outbox is paused: `digest outbox resume` lets it go on")


def _balance(states: dict[DeliveryState, int]) -> dict[str, int]:
    waiting = sum(states.get(state, 0) for state in OPEN_DELIVERIES)
    final = sum(states.get(state, 0) for state in FINAL_DELIVERIES)
    return {"due": waiting + final, "open": waiting, "final": final}


@outbox_command.command("pause")
@options
def pause(config: Path | None, verbose: int) -> None:
    """Begin no more mail, at once, in every process."""
    with site(config) as app:
        app.store.set_switch("outbox", "paused")
    click.echo("paused: no mail begins until `digest outbox resume`")


@outbox_command.command("resume")
@options
def resume(config: Path | None, verbose: int) -> None:
    """Let mail begin again."""
    with site(config) as app:
        app.store.set_switch("outbox", "open")
    click.echo("resumed")


@outbox_command.command("cancel")
@click.argument("slot")
@options
def cancel(slot: str, config: Path | None, verbose: int) -> None:
    """Cancel what still waits of SLOT, such as daily:2026-11-21."""
    _change(config, slot, DeliveryState.CANCELLED, "cancelled")


@outbox_command.command("retry")
@click.argument("slot", required=False)
@options
def retry(slot: str | None, config: Path | None, verbose: int) -> None:
    """Queue what is parked once more, of SLOT or of all."""
    _change(config, slot, DeliveryState.QUEUED, "queued again")


def _change(config: Path | None, slot: str | None, to: DeliveryState, said: str) -> None:
    with site(config) as app:
        count = _moved(app, slot, to)
    click.echo(f"{count} deliveries {said}")


def _moved(app: App, slot: str | None, to: DeliveryState) -> int:
    return app.store.change_deliveries(to=to, slot=slot, now=app.now())
