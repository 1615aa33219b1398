"""`digest init`: a folder with settings, a store, and the seed sources and topics in it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from digest import sources
from digest.app import App, opened, read_settings, shipped
from digest.config.definitions import read_sources, read_topics
from digest.config.settings import FILE_NAME, as_toml
from digest.errors import ConfigError, PublishError


def start(folder: Path, answers: Mapping[tuple[str, str], str]) -> Path:
    """Write digest.toml (mode 0600: it holds the secret), make the store and seed it; return the file.

    Raises ConfigError when there is a digest.toml already, PublishError when the folder cannot be written.
    """
    path = folder / FILE_NAME
    text = as_toml({**answers, ("site", "secret"): secrets.token_urlsafe(32)})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(text, "utf-8")
    except FileExistsError as error:
        raise ConfigError(f"{path} is there already", hint="`digest config` shows what it says") from error
    except OSError as error:
        raise PublishError(f"{path} cannot be written: {error.strerror or error}") from error
    with opened(read_settings(path, {})) as app:
        seed(app)
    return path


def seed(app: App) -> None:
    """Load the shipped sources and topics; doing it again changes nothing that is there."""
    folder = shipped("seeds")
    with app.store.transaction():
        text = (folder / "sources.toml").read_text("utf-8")
        app.store.put_sources(read_sources(text, "seeds/sources.toml", sources.KINDS))
        app.store.put_topics(read_topics((folder / "topics.toml").read_text("utf-8"), "seeds/topics.toml"))
