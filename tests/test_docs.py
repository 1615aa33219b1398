"""The documentation names every setting, command and error code, and what it says of settings is what holds."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from digest import errors
from digest.cli import COMMANDS, cli
from digest.config.settings import declared

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
MANUAL = (ROOT / "deploy" / "README.md").read_text("utf-8")


def settings_table() -> str:
    """The table of settings as the manual must show it."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for one in declared():
        default = "" if one.default == "" else f"`{one.default}`"
        rows.append(f"| `{one.section}.{one.name}` | {default} | {one.comment} |")
    return "\n".join(rows)


def commands(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        found.append((f"{path} {name}", command))
        if isinstance(command, click.Group):
            found += commands(command, f"{path} {name}")
    return found


def test_the_manual_lists_every_setting_with_its_default_and_meaning() -> None:
    shown = re.search(r"<!-- settings -->\n(.*)\n<!-- /settings -->", MANUAL, re.DOTALL)
    assert shown
    assert shown[1] == settings_table()


def test_the_manual_lists_every_error_code_with_its_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DigestError)]
    for kind in kinds:
        assert f"| `{kind.code}` | {kind.exit_code} |" in MANUAL


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_names_every_command(name: str) -> None:
    assert f"| `digest {name}` |" in README


@pytest.mark.parametrize(("name", "command"), commands(cli, "digest"))
def test_every_command_and_option_has_help(name: str, command: click.Command) -> None:
    assert command.help, name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]}"


def test_every_subcommand_is_named_in_the_readme() -> None:
    for name, command in commands(cli, "digest"):
        if not isinstance(command, click.Group):
            assert f"`{name.split()[-1]}`" in README or f"`{name}`" in README, name


def test_a_commands_line_in_help_is_the_start_of_its_own_help() -> None:
    for name, (_, line) in COMMANDS.items():
        command = cli.get_command(click.Context(cli), name)
        assert command
        assert line.endswith(".")
        assert command.help


if __name__ == "__main__":
    # Write the table of settings anew: python -m tests.test_docs
    shown = re.sub(r"(?s)(<!-- settings -->\n).*(\n<!-- /settings -->)", rf"\g<1>{settings_table()}\g<2>", MANUAL)
    (ROOT / "deploy" / "README.md").write_text(shown, "utf-8")
