"""Before the first mail: are the templates right, and what they make?"""

from __future__ import annotations

from functools import lru_cache

from digest.app import App
from digest.model import Post, Site
from digest.render.proof import prove
from digest.render.templates import environment


def proven(app: App) -> None:
    """Prove all templates, once for the same ones. Raises RenderError for the first fault, and nothing is sent."""
    _proven(tuple(sorted(app.templates.sources.items())), app.site, app.settings.post)


@lru_cache(maxsize=8)
def _proven(sources: tuple[tuple[str, str], ...], site: Site, post: Post) -> None:
    prove(environment(dict(sources)), site, post)
