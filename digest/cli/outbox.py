"""`digest outbox`: the books of the mail, and the brake."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import json_option, options, site
from digest.model import FINAL_DELIVERIES, OPEN_DELIVERIES, DeliveryState
from digest.work import brake


@click.group("outbox", invoke_without_command=True)
@json_option
@options
@click.pass_context
def outbox_command(ctx: click.Context, as_json: bool, config: Path | None, verbose: int) -> None:
    """Show the books: for each slot how many deliveries stand where. Due is always open plus final."""
    if ctx.invoked_subcommand:
        return
    with site(config) as app:
        books, why = app.store.books(), brake.paused(app)
    rows = [(slot, _balance(states)) for slot, states in books.items()]
    if as_json:
        for slot, balance in rows:
            print_json({"slot": slot, **balance, "states": {str(k): v for k, v in books[slot].items()}})
    else:
        shown = [
            (slot, *balance.values(), *(books[slot].get(state) for state in DeliveryState)) for slot, balance in rows
        ]
        print_rows(shown, head=("slot", "due", "open", "final", *DeliveryState))
    if why:
        say(f"the outbox is paused, {why}: `digest outbox resume` lets it go on")


def _balance(states: dict[DeliveryState, int]) -> dict[str, int]:
    waiting = sum(states.get(state, 0) for state in OPEN_DELIVERIES)
    final = sum(states.get(state, 0) for state in FINAL_DELIVERIES)
    return {"due": waiting + final, "open": waiting, "final": final}


@outbox_command.command("pause")
@options
def pause(config: Path | None, verbose: int) -> None:
    """Begin no more mail, at once, in every process."""
    with site(config) as app:
        brake.pause(app)
    click.echo("paused: no mail begins until `digest outbox resume`")


@outbox_command.command("resume")
@options
def resume(config: Path | None, verbose: int) -> None:
    """Let mail begin again."""
    with site(config) as app:
        brake.resume(app)
    click.echo("resumed")


@outbox_command.command("cancel")
@click.argument("slot")
@options
def cancel(slot: str, config: Path | None, verbose: int) -> None:
    """Cancel what has not begun of SLOT, such as daily:2026-11-21, at once and for readers still to come."""
    with site(config) as app:
        count = brake.cancel(app, slot)
    click.echo(f"{count} deliveries cancelled")


@outbox_command.command("retry")
@click.argument("slot", required=False)
@options
def retry(slot: str | None, config: Path | None, verbose: int) -> None:
    """Queue what is parked once more, of SLOT or of all. A cancelled SLOT is open again for readers still to come."""
    with site(config) as app:
        count = brake.retry(app, slot)
    click.echo(f"{count} deliveries queued again")
