"""`digest lint`: the rules of a mail, one finding a line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import Failed, json_option

if TYPE_CHECKING:
    from digest.render.lint import Finding, Rule


@click.command("lint")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--rules", "list_rules", is_flag=True, help="List all rules, with what each comes from.")
@json_option
def lint_command(files: tuple[Path, ...], list_rules: bool, as_json: bool) -> None:
    """Check mails (FILE.eml...) against the rules of mail, one finding a line.

    An error keeps a mail from being sent, and the exit code is 1 if there is one. A warning is for whoever writes
    templates and settings.
    """
    from digest.render.lint import RULES, Severity, findings

    if bool(files) == list_rules:
        raise click.UsageError("name the mails to check, or ask for --rules")
    if list_rules:
        _print_rules(RULES, as_json=as_json)
        return
    found = [(file, finding) for file in files for finding in findings(file.read_bytes())]
    _print(found, as_json=as_json)
    errors = sum(finding.severity is Severity.ERROR for _, finding in found)
    say(f"{errors} errors, {len(found) - errors} warnings in {len(files)} mails")
    if errors:
        raise Failed


def _print_rules(rules: Iterable[Rule], *, as_json: bool) -> None:
    rows = [(rule.id, rule.severity, rule.sentence, rule.source) for rule in rules]
    if as_json:
        for name, severity, sentence, source in rows:
            print_json({"rule": name, "severity": severity, "sentence": sentence, "source": source})
    else:
        print_rows(rows)


def _print(found: Iterable[tuple[Path, Finding]], *, as_json: bool) -> None:
    for file, finding in found:
        if as_json:
            line = {"file": str(file), "rule": finding.rule, "severity": finding.severity, "what": finding.what}
            print_json(line)
        else:
            click.echo(f"{file}: {finding.severity}: {finding.rule}: {finding.what}")
