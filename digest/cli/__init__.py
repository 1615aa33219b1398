"""The command line. Commands load only when they are called, so that `digest --help` answers at once."""

from __future__ import annotations

import importlib

import click

from digest import __version__
from digest.cli.shell import CONTEXT, run

# name: (module, one line for --help)
COMMANDS = {
    "demo": ("demo", "Run the whole job on the shipped sample papers: no network, no mail."),
    "init": ("init", "Start a site: settings, store, seed sources and topics."),
    "import": ("importing", "Take papers from saved pages, feed files and JSON Lines."),
    "poll": ("poll", "Fetch what is due from the sources, or the named ones at once."),
    "rank": ("picks", "Show what would be picked for a topic now."),
    "why": ("picks", "Show the score of one paper for a topic, part by part."),
    "compose": ("compose", "Freeze the editions that are due."),
    "edition": ("edition", "List, show, edit and release editions."),
    "preview": ("preview", "Render a topic's mail and feeds without touching anything."),
    "lint": ("lint", "Check mails against the rules of mail."),
    "publish": ("publish", "Write feeds and pages as static files."),
    "send": ("send", "Deliver what is due."),
    "outbox": ("outbox", "Show the books of the mail, and the brake."),
    "web": ("web", "Serve pages, feeds, and the forms by which readers come and leave."),
    "run": ("run", "Run the site: poll, compose, publish, mail and serve."),
    "tick": ("run", "Do one round and exit, for cron."),
    "source": ("source", "List, add, edit and check sources."),
    "topic": ("topic", "List, add, edit and share topics."),
    "subscriber": ("subscriber", "List, add, import, export and pause subscribers."),
    "evaluate": ("evaluate", "Measure the ranker on judged data."),
    "status": ("status", "Say how the site stands."),
    "config": ("config", "List the settings and check them."),
}


class Commands(click.Group):
    """A group that imports a command's module when the command is used, never for help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"digest.cli.{COMMANDS[cmd_name][0]}")
        found = getattr(module, f"{cmd_name}_command")
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="digest")
def cli() -> None:
    """Fresh and trending papers per topic, as feeds, a site and an e-mail digest.

    Start with `digest demo`, then `digest init`.
    """


def main() -> None:
    """Run the command line and leave with its exit code."""
    run(cli)
