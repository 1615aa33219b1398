"""`digest poll`: ask the sources for what is new."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.output import print_json, say
from digest.cli.shell import Failed, json_option, options, site
from digest.model import SourceId
from digest.work.polling import PollReport, poll


@click.command("poll")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--signals", is_flag=True, help="Ask services for votes, stars and citations that are due instead.")
@json_option
@options
def poll_command(sources: tuple[str, ...], signals: bool, as_json: bool, config: Path | None, verbose: int) -> None:
    """Fetch what is due, or the named sources at once, and take what is new.

    One that fails stops no other and is asked again later. Exit code 1 if a named source failed, or if all did.
    """
    import asyncio

    if signals:
        from digest.cli.signals import ask

        ask(config, as_json=as_json)
        return

    def tell(report: PollReport) -> None:
        if as_json:
            print_json(report)
        else:
            _print(report, verbose=verbose)

    with site(config) as app:
        reports = asyncio.run(poll(app, [SourceId(one) for one in sources] or None, tell=tell))
    failed = sum(bool(report.error) for report in reports)
    _print_total(reports, failed, as_json=as_json)
    if failed and (sources or failed == len(reports)):
        raise Failed


def _print(report: PollReport, *, verbose: int) -> None:
    if report.error:
        say(f"{report.source}: error[{report.code}]: {report.error}")
        if report.adopted:
            say(f"it moved to {report.moved_to}, and is asked there next time")
        elif report.hint:
            say(f"hint: {report.hint}")
        return
    click.echo(f"{report.source}: {_numbers(report)}")
    if report.adopted:
        click.echo(f"  it has moved, and is asked at {report.moved_to} from now on")
    elif report.moved_to:
        click.echo(f"  it says it has moved to {report.moved_to}, which is believed if it says so for seven days")
    if report.skipped and not verbose:
        click.echo(f"  {len(report.skipped)} skipped; -v says why")
    for why in report.skipped if verbose else ():
        click.echo(f"  skipped {why}")


def _numbers(report: PollReport) -> str:
    if report.waits:
        return f"not asked: {report.waits}"
    if report.not_modified:
        return "nothing new"
    parts = [f"{report.read} entries", f"{report.new} new"]
    parts += [f"{n} {name}" for name, n in (("merged", report.merged), ("changed", report.changed)) if n]
    return ", ".join(parts) + (f" ({report.old} of them old stock, no news)" if report.old else "")


def _print_total(reports: list[PollReport], failed: int, *, as_json: bool) -> None:
    new = sum(report.new for report in reports)
    if as_json:
        print_json({"total": {"sources": len(reports), "failed": failed, "new": new}})
    elif not reports:
        say("no source is due; name one to poll it now")
    elif len(reports) > 1:
        say(f"{len(reports) - failed} of {len(reports)} sources: {new} new{f', {failed} failed' if failed else ''}")
