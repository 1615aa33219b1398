"""`digest evaluate`: how good the ranker is, on judged data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import click
from msgspec import json

from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import json_option
from digest.rank.measures import MEASURES, Estimate
from digest.work import evaluating
from digest.work.trending_scores import Report, Row
from digest.work.trending_scores import evaluate as evaluate_trending


@click.group("evaluate")
def evaluate_command() -> None:
    """Rank judged data sets as the site would, and print how good that is."""


folder_argument = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
run_option = click.option(
    "--run",
    "out",
    metavar="OUT",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the answers there: a line of JSON a query, {query_id, docs}.",
)


@evaluate_command.command("trending")
@folder_argument
@run_option
@click.option(
    "--target", type=click.Choice(["top", "rising"]), default="top", help="What will be at the top, or what rises."
)
@click.option("--live/--no-live", default=True, help="Also replay every moment: how soon is a story shown? Slow.")
@json_option
def trending_command(folder: Path, out: Path, target: str, live: bool, as_json: bool) -> None:
    """Rank the stories or papers of DIR at each of its moments; judgements are read only to score the answer."""
    report = evaluate_trending(folder, target, live=live)
    write_run(out, report.run)
    if as_json:
        for row in report.rows:
            print_json(row)
        print_json({"sights": report.sights, "offers": report.offers})
        return
    _print(report)
    say(f"{len(report.run)} answers written to {out}")


@evaluate_command.command("relevance")
@folder_argument
@run_option
@click.option(
    "--queries",
    "asked",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Other queries than DIR/queries.jsonl.",
)
@click.option(
    "--model",
    metavar="FOLDER",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="An embedding model that joins in, as the setting rank.model does.",
)
@json_option
def relevance_command(folder: Path, out: Path, asked: Path | None, model: Path | None, as_json: bool) -> None:
    """Rank the papers of DIR for each of its queries; judgements are read only to score the answer."""
    inside = folder / asked if asked and not asked.exists() else asked
    report = evaluating.evaluate(folder, inside, model)
    write_run(out, report.run)
    for remark in report.remarks:
        say(remark)
    if as_json:
        for row in report.rows:
            print_json(row)
        return
    print_rows([_relevant(row) for row in report.rows], head=("order", *MEASURES, "ours ahead, nDCG@10", "MAP"))
    say(f"{len(report.run)} answers written to {out}")


def write_run(path: Path, run: Mapping[str, list[str]]) -> None:
    """Write a run as JSON Lines."""
    lines = (json.encode({"query_id": query, "docs": docs}) for query, docs in run.items())
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def shown(found: Estimate) -> str:
    """Return an estimate as text: 0.874 [0.866, 0.882]."""
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _print(report: Report) -> None:
    print_rows([_cells(row) for row in report.rows], head=("question", "order", *MEASURES, "ours ahead, nDCG@10"))
    for name, one in report.sights.items():
        click.echo(f"{name}: first seen after {_hours(one.delay)} on average, live precision {one.precision:.3f}")
    if report.offers:
        made = report.offers
        click.echo(
            f"late bloomers: {made.offered} of {made.missed} that were passed over are offered within 12 h, "
            f"{made.each:.2f} offers a moment"
        )


def _relevant(row: evaluating.Row) -> tuple[object, ...]:
    ahead = [shown(row.ahead[name]) if row.ahead else "" for name in ("nDCG@10", "MAP")]
    return (row.order, *(shown(row.measures[name]) for name in row.measures), *ahead)


def _cells(row: Row) -> tuple[object, ...]:
    ahead = row.ahead.get("nDCG@10")
    return (row.question, row.order, *(shown(row.measures[name]) for name in row.measures), ahead and shown(ahead))


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):.2f} h"
