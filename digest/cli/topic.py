"""`digest topic`: what the site's readers can subscribe to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from digest.cli import definitions
from digest.cli.definitions import TOPICS
from digest.cli.output import print_json, print_rows
from digest.cli.shell import json_option, options, site
from digest.errors import NotFoundError
from digest.model import TopicId
from digest.store import Store


@click.group("topic")
def topic_command() -> None:
    """List, add, edit and share topics."""


@topic_command.command("list")
@json_option
@options
def list_topics(as_json: bool, config: Path | None, verbose: int) -> None:
    """List the topics."""
    with site(config) as app:
        topics = app.store.topics()
    if as_json:
        for topic in topics:
            print_json(topic)
    else:
        rows = [(one.id, one.mode, "+".join(one.periods), "" if one.enabled else "off", one.name) for one in topics]
        print_rows(rows, head=("id", "mode", "editions", "", "name"))


@topic_command.command("show")
@click.argument("topic")
@json_option
@options
def show_topic(topic: str, as_json: bool, config: Path | None, verbose: int) -> None:
    """Show TOPIC as TOML: what `topic import` reads."""
    definitions.show(TOPICS, topic, config, as_json=as_json)


@topic_command.command("add")
@click.argument("topic")
@click.option("--name", required=True, help="The name readers see.")
@click.option("--description", default="", help="One sentence for readers.")
@click.option("--should", multiple=True, help="A word or phrase that counts; repeat it for more.")
@click.option("--must", multiple=True, help="A word or phrase of which one must stand.")
@click.option("--not", "not_", multiple=True, help="A word or phrase that excludes.")
@click.option("--category", "categories", multiple=True, help="A category such as cs.CL.")
@click.option("--author", "authors", multiple=True, help="An author to follow.")
@click.option(
    "--mode",
    type=click.Choice(["fresh", "trending", "best"]),
    default="fresh",
    show_default=True,
    help="What its readers want first.",
)
@options
def add_topic(topic: str, config: Path | None, verbose: int, **fields: Any) -> None:
    """Add TOPIC, a lower-case id such as kv-cache."""
    from digest.config.definitions import topic_of

    given = {name.rstrip("_"): list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    made = topic_of({"id": topic, **given}, "the new topic")
    definitions.add(TOPICS, made, lambda store: _taken(store, made.id), config)
    click.echo(f"topic {made.id} is added; digest preview {made.id} shows it")


@topic_command.command("edit")
@click.argument("topic")
@options
def edit_topic(topic: str, config: Path | None, verbose: int) -> None:
    """Change TOPIC in your editor, as TOML."""
    definitions.edit(TOPICS, topic, config)


@topic_command.command("remove")
@click.argument("topic")
@options
def remove_topic(topic: str, config: Path | None, verbose: int) -> None:
    """Remove TOPIC; its editions stay in the archive."""
    definitions.remove(TOPICS, topic, config, stays="editions")


@topic_command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--prune", is_flag=True, help="Remove the topics that FILE does not hold.")
@options
def import_topics(file: Path, prune: bool, config: Path | None, verbose: int) -> None:
    """Read topics from a TOML FILE; the same id replaces. Doing it twice changes nothing."""
    given = TOPICS.read(definitions.text_of(file), file.name)
    definitions.take(TOPICS, lambda store: given, config, prune=prune)


@topic_command.command("export")
@options
def export_topics(config: Path | None, verbose: int) -> None:
    """Print all topics as TOML."""
    definitions.export(TOPICS, config)


def _taken(store: Store, topic: TopicId) -> list[str]:
    """Return the topic's id if there is one with it, a subscriber's own included."""
    try:
        return [store.topic(topic).id]
    except NotFoundError:
        return []
