"""`digest config`: the settings in force, and a check of them."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.output import print_json, print_rows
from digest.cli.shell import json_option, options


@click.group("config", invoke_without_command=True)
@json_option
@options
@click.pass_context
def config_command(ctx: click.Context, as_json: bool, config: Path | None, verbose: int) -> None:
    """List the settings in force with their environment variables; `config check` only checks them."""
    if ctx.invoked_subcommand:
        return
    from digest.app import read_settings
    from digest.config.settings import declared

    settings = read_settings(config)
    rows = []
    for setting in declared():
        value = getattr(getattr(settings, setting.section), setting.name)
        shown = "(set)" if setting.secret and value else value
        rows.append((f"{setting.section}.{setting.name}", shown, setting.variable, setting.comment))
    if as_json:
        for name, value, variable, comment in rows:
            print_json({"name": name, "value": value, "variable": variable, "comment": comment})
    else:
        print_rows(rows, head=("setting", "value", "environment", "meaning"))


@config_command.command("check")
@options
def check(config: Path | None, verbose: int) -> None:
    """Check settings and templates; exit code 2 with every problem, a line each."""
    from digest.app import read_settings, template_sources

    settings = read_settings(config)
    names = template_sources(settings)
    if settings.rank.model:
        from digest.work.embedding import opened

        click.echo(f"the model {opened(settings.rank.model).name} places texts")
    click.echo(f"the settings are right; {len(names)} templates can be read")
