"""`digest web`: the site and its doors."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.logs import log_to_stderr
from digest.cli.shell import options, site


@click.command("web")
@click.option("--host", help="Where to listen; default web.host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Its port, 0 for any; default web.port.")
@click.option("--inherit", type=int, hidden=True, help="A listening socket, passed on by `digest run`.")
@options
def web_command(host: str | None, port: int | None, inherit: int | None, config: Path | None, verbose: int) -> None:
    """Serve pages, feeds, and the forms by which readers come and leave. SIGTERM finishes what is under way.

    New editions appear within seconds; nothing else is polled, composed or sent.
    """
    from digest.web import serve, serve_inherited

    log_to_stderr()
    with site(config) as app:
        if inherit is None:
            serve(app, host or app.settings.web.host, app.settings.web.port if port is None else port)
        else:
            serve_inherited(app, inherit)
