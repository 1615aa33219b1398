"""Before the first mail: are the templates right, and what they make?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from digest.app import App, catalogues
from digest.model import Post, Site
from digest.render.languages import languages_of
from digest.render.proof import prove
from digest.render.templates import environment

Texts = tuple[tuple[str, str], ...]


def proven(app: App) -> None:
    """Prove all templates, once for the same ones. Raises RenderError for the first fault, and nothing is sent."""
    spoken, settings = catalogues(app.settings), app.settings
    _proven(_frozen(app.templates.sources), _frozen(spoken), app.site, settings.post, settings.mail.subject)


@lru_cache(maxsize=8)
def _proven(sources: Texts, spoken: Texts, site: Site, post: Post, pattern: str) -> None:
    prove(environment(dict(sources), languages_of(dict(spoken))), site, post, pattern=pattern)


def _frozen(texts: Mapping[str, str]) -> Texts:
    return tuple(sorted(texts.items()))
