"""What every command shares: options, the open site, and errors as one line with an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from digest.errors import DigestError

if TYPE_CHECKING:
    from digest.app import App

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
BUG = 70


class Failed(click.exceptions.Exit):
    """The command has said what did not work; only the exit code is left to give."""

    def __init__(self) -> None:
        super().__init__(1)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that all have: --config and -v."""
    config = click.option(
        "--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings file; default digest.toml here."
    )
    verbose = click.option("-v", "--verbose", count=True, help="Say more; -vv shows the traceback of an error.")
    return config(verbose(command))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON Lines for programs.")


@contextmanager
def site(config: Path | None) -> Iterator[App]:
    """Open the site that `--config` names."""
    from digest.app import opened, read_settings

    with opened(read_settings(config)) as app:
        yield app


def run(cli: click.Group) -> None:
    """Run a command and exit: 0 done, 1 it did not work, 2 wrong usage or settings, 70 a bug, 130 interrupted."""
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except click.ClickException as error:
        code = _usage(error)
    except DigestError as error:
        code = _failed(error)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        code = 130
    except BrokenPipeError:
        # The reader of our output has left; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        code = _bug(error)
    sys.exit(code if isinstance(code, int) else 0)


def complain(error: DigestError) -> None:
    """Print an error on stderr: a line a problem, then the hint."""
    for line in error.message.splitlines():
        click.echo(f"error[{error.code}]: {line}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def _failed(error: DigestError) -> int:
    if _wants_traceback():
        traceback.print_exception(error)
    complain(error)
    return error.exit_code


def _usage(error: click.ClickException) -> int:
    click.echo(f"error[usage]: {error.format_message()}", err=True)
    if isinstance(error, click.UsageError) and error.ctx:
        click.echo(f"hint: {error.ctx.command_path} --help", err=True)
    return 2


def _bug(error: Exception) -> int:
    if _wants_traceback():
        traceback.print_exception(error)
    click.echo(f"error[bug]: {type(error).__name__}: {error}", err=True)
    click.echo("hint: this is a bug in Digest; run again with -vv for the traceback, and report it", err=True)
    return BUG


def _wants_traceback() -> bool:
    return any(word in sys.argv for word in ("-vv", "-vvv")) or sys.argv.count("-v") + sys.argv.count("--verbose") > 1
