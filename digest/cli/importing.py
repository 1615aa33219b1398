"""`digest import`: files in, with a report a file."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.output import print_json, say
from digest.cli.shell import Failed, complain, json_option, options, site
from digest.errors import SourceError
from digest.work.fitting import fit_when_due
from digest.work.importing import FileReport, import_file

NUMBERS = ("read", "new", "merged", "changed", "unchanged")


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@options
def import_command(files: tuple[Path, ...], as_json: bool, config: Path | None, verbose: int) -> None:
    """Take papers from saved pages, feed files (RSS, Atom, JSON Feed) and JSON Lines.

    Each file is taken wholly or not at all; a bad one does not stop the others. Doing it twice changes nothing.
    """
    with site(config) as app:
        reports = []
        for path in files:
            reports.append(import_file(app, path))
            _print(reports[-1], as_json=as_json, verbose=verbose)
        fit_when_due(app)
    _print_total(reports, as_json=as_json)
    if any(report.error for report in reports):
        raise Failed


def _print(report: FileReport, *, as_json: bool, verbose: int) -> None:
    if as_json:
        print_json(report)
    elif report.error:
        complain(SourceError(report.error, hint=report.hint))
    else:
        click.echo(f"{report.file}: {_numbers(report)} ({report.format})")
        for line in (*(f"skipped {why}" for why in report.skipped), *(report.merges if verbose else ())):
            click.echo(f"  {line}")


def _print_total(reports: list[FileReport], *, as_json: bool) -> None:
    total = {name: sum(getattr(report, name) for report in reports) for name in NUMBERS}
    failed = sum(bool(report.error) for report in reports)
    if as_json:
        print_json({"total": {**total, "files": len(reports), "failed": failed}})
    elif len(reports) > 1:
        whole = FileReport(file="all", **total)
        say(f"{len(reports) - failed} of {len(reports)} files: {_numbers(whole)}")


def _numbers(report: FileReport) -> str:
    parts = [f"{report.read} entries read", f"{report.new} papers new"]
    parts += [f"{getattr(report, name)} {name}" for name in NUMBERS[2:] if getattr(report, name)]
    return ", ".join(parts)
