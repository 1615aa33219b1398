"""`digest topic`: what the site's readers can subscribe to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from digest.app import App
from digest.cli.output import print_json, print_rows, say
from digest.cli.shell import json_option, options, site
from digest.errors import ConfigError, NotFoundError
from digest.model import Topic, TopicId


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
    from digest.config.definitions import write_topics

    with site(config) as app:
        found = app.store.topic(TopicId(topic))
    if as_json:
        print_json(found)
    else:
        click.echo(write_topics([found]), nl=False)


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
    with site(config) as app, app.store.transaction():
        if _exists(app, made.id):
            raise ConfigError(f"there is a topic {topic!r} already", hint=f"digest topic edit {topic}")
        app.store.put_topics([made])
    click.echo(f"topic {made.id} is added; digest preview {made.id} shows it")


@topic_command.command("edit")
@click.argument("topic")
@options
def edit_topic(topic: str, config: Path | None, verbose: int) -> None:
    """Change TOPIC in your editor, as TOML."""
    from digest.config.definitions import read_topics, write_topics

    with site(config) as app:
        before = app.store.topic(TopicId(topic))
        text = click.edit(write_topics([before]), extension=".toml")
        after = read_topics(text, "the edited text") if text else [before]
        if [one.id for one in after] != [before.id]:
            raise ConfigError("the edited text must hold this one topic, with its id as it was")
        app.store.put_topics([replace(after[0], owner=before.owner)])
    click.echo(f"topic {topic} is {'unchanged' if after == [before] else 'changed'}")


@topic_command.command("remove")
@click.argument("topic")
@options
def remove_topic(topic: str, config: Path | None, verbose: int) -> None:
    """Remove TOPIC; its editions stay in the archive."""
    with site(config) as app:
        app.store.remove_topic(app.store.topic(TopicId(topic)).id)
    click.echo(f"topic {topic} is removed; its editions stay")


@topic_command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--prune", is_flag=True, help="Remove the topics that FILE does not hold.")
@options
def import_topics(file: Path, prune: bool, config: Path | None, verbose: int) -> None:
    """Read topics from a TOML FILE; the same id replaces. Doing it twice changes nothing."""
    from digest.config.definitions import read_topics

    given = read_topics(file.read_text("utf-8"), file.name)
    with site(config) as app, app.store.transaction():
        extra = {one.id for one in app.store.topics()} - {one.id for one in given}
        app.store.put_topics(given)
        for topic in sorted(extra) if prune else ():
            app.store.remove_topic(topic)
    say(f"{len(given)} topics read{f', {len(extra)} removed' if prune else ''}")


@topic_command.command("export")
@options
def export_topics(config: Path | None, verbose: int) -> None:
    """Print all topics as TOML."""
    from digest.config.definitions import write_topics

    with site(config) as app:
        click.echo(write_topics(_own(app.store.topics())), nl=False)


def _own(topics: Iterable[Topic]) -> list[Topic]:
    return [topic for topic in topics if topic.owner is None]


def _exists(app: App, topic: TopicId) -> bool:
    try:
        app.store.topic(topic)
    except NotFoundError:
        return False
    return True
