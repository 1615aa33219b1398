"""Services that count votes, stars and citations: ask them, and show how that goes."""

from __future__ import annotations

from pathlib import Path

import click

from digest.app import App
from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import Failed, site
from digest.model import MeterHealth
from digest.work.signals import MeterReport, look

_HEAD = ("service", "state", "watched", "due", "last answer", "rests until", "last error")


def ask(config: Path | None, *, as_json: bool) -> None:
    """Ask what is due now; exit code 1 if every service that was asked failed."""
    import asyncio

    with site(config) as app:
        reports = asyncio.run(look(app, tell=print_json if as_json else _print))
    asked = [report for report in reports if report.questions or report.error]
    if not asked:
        say("no number is due")
    elif all(report.error for report in asked):
        raise Failed


def show(config: Path | None, *, as_json: bool) -> None:
    """Print how asking each service goes."""
    from digest.sources.signals import METERS

    with site(config) as app:
        found = app.store.meters()
        tallies = app.store.reading_tallies(app.now())
        rows = [
            _row(app, found.get(one.name, MeterHealth(meter=one.name)), *tallies.get(one.name, (0, 0)))
            for one in METERS
        ]
    if as_json:
        for row in rows:
            print_json(row)
    else:
        print_rows([tuple(row[name.replace(" ", "_")] for name in _HEAD) for row in rows], head=_HEAD)


def _row(app: App, health: MeterHealth, watched: int, due: int) -> dict[str, object]:
    return {
        "service": health.meter,
        "state": _state(app, health),
        "watched": watched,
        "due": due,
        "last_answer": health.last_ok,
        "rests_until": health.rests_until,
        "last_error": health.last_error,
        "failures": health.failures,
    }


def _state(app: App, health: MeterHealth) -> str:
    if not getattr(app.settings.signals, health.meter):
        return "off"
    if health.failures:
        return "failed"
    return "ok" if health.last_ok else "new"


def _print(report: MeterReport) -> None:
    if report.error:
        say(f"{report.meter}: error[fetch]: {report.error}")
        return
    unknown = f", {report.unknown} unknown to it" if report.unknown else ""
    click.echo(f"{report.meter}: {report.numbers} numbers of {report.papers} papers{unknown}")
