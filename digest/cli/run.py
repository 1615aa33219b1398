"""`digest run` and `digest tick`: the whole site in one process group, or one round of it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import click

from digest.app import App
from digest.cli.logs import log_to_stderr
from digest.cli.output import print_json
from digest.cli.shell import Failed, complain, json_option, options, site
from digest.errors import DeliveryError
from digest.scheduler import Clock, tick


@click.command("run")
@click.option("--host", help="Where the web listens; default web.host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Its port; default web.port.")
@options
def run_command(host: str | None, port: int | None, config: Path | None, verbose: int) -> None:
    """Run the site: poll, compose, publish, mail and serve, each when it is due. SIGTERM finishes what is under way.

    Two at once are harmless. Without smtp.url no mail is sent.
    """
    from digest.web.server import address_of, listening

    log_to_stderr()
    with site(config) as app:
        web = app.settings.web
        with listening(host or web.host, web.port if port is None else port) as ours:
            click.echo(f"serving on {address_of(ours)}; stop with Ctrl-C", err=True)
            asyncio.run(_run(app, ours, config))


async def _run(app: App, ours: socket.socket, config: Path | None) -> None:
    from digest.web import serve_beside

    given = ["--config", str(config)] if config else []
    web = [sys.executable, "-m", "digest", "web", *given, "--inherit"]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        group.create_task(Clock(app, stop).run())
        group.create_task(serve_beside(app, web, ours, stop))
        if app.settings.smtp.url:
            group.create_task(_send_beside(app, [sys.executable, "-m", "digest", "send", *given], stop))
        notify("READY=1")
        await stop.wait()
        notify("STOPPING=1")


async def _send_beside(app: App, command: list[str], stop: asyncio.Event) -> None:
    """Have mail sent in a process of its own, so that readers of the site do not wait for it, nor the chores."""
    from digest.web import can_be_apart, keep_up
    from digest.work.sending import keep_sending

    if can_be_apart(app):
        await keep_up([*command, "--stay", "--inherit"], stop)
    else:
        await keep_sending(app, stop)


@click.command("tick")
@json_option
@options
def tick_command(as_json: bool, config: Path | None, verbose: int) -> None:
    """Do one round and exit: poll, compose, publish, plan and send what is due. For cron and hosted schedulers."""
    log_to_stderr()
    with site(config) as app:
        done, sent = asyncio.run(tick(app))
    if as_json:
        print_json({"round": done, "sent": sent})
    elif not done.held:
        click.echo("another process does the chores")
    else:
        waits = "; another sender has all that the limits allow for now" if app.share.stands_by else ""
        mailed = f", {sent.sent} mails sent{waits}" if sent else ""
        click.echo(f"{done.polled} sources polled, {done.composed} editions composed, {done.planned} planned{mailed}")
    if sent and sent.error:
        complain(DeliveryError(sent.error, hint=sent.hint))
        raise Failed


def notify(state: str) -> None:
    """Tell systemd how we are, if it listens (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
