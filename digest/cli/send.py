"""`digest send`: deliver what is due."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec.structs import asdict

from digest.cli.logs import log_to_stderr
from digest.cli.output import print_json, print_rows, say
from digest.cli.progress import progress
from digest.cli.sender import run_sender
from digest.cli.shell import Failed, complain, json_option, options, site
from digest.errors import DeliveryError
from digest.work import brake
from digest.work.caution import held_back
from digest.work.planning import Load, Plan, loads, plan
from digest.work.sending import Sent, keep_sending, send


@click.command("send")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent; the books stay as they are.")
@click.option(
    "--test", "address", metavar="ADDRESS", help="Send the latest editions to ADDRESS alone; no trace in the books."
)
@click.option("--stay", is_flag=True, help="Stay and send whatever becomes due, until stopped.")
@click.option("--inherit", is_flag=True, hidden=True, help="Stop when the input ends: for `digest run`.")
@json_option
@options
def send_command(
    dry_run: bool, address: str | None, stay: bool, inherit: bool, as_json: bool, config: Path | None, verbose: int
) -> None:
    """Deliver what is due. A second run sends nothing, and two at once are harmless."""
    with site(config) as app:
        if stay:
            log_to_stderr()
            run_sender(lambda stop: keep_sending(app, stop), inherit=inherit)
            return
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
            if held := brake.waiting(app):
                say(f"{held} mails wait in the books: `digest outbox` shows them")
            _say_held(held_back(app))
            say(f"{sum(one.readers for one in plans if one.editions)} mails would be due; nothing was sent")
            return
        counts: Counter[str] = Counter()
        with progress(counts, total=brake.waiting(app)):
            done = run_sender(lambda stop: send(app, stop=stop, counts=counts))
        _say_held(brake.paused(app))
        if app.share.stands_by:
            say("another sender has all that the limits allow for now: what is due waits for the next run")
    _print_sent(done, as_json=as_json)


def _say_held(why: str | None) -> None:
    if why:
        say(f"nothing is sent: the outbox is paused, {why}; `digest outbox resume` lets it go on")


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
