"""What the site tells of itself: how picks are made, and what is kept of readers."""

from __future__ import annotations

from collections.abc import Mapping

from digest.model import Mode, Value, Weights
from digest.render import paths
from digest.render.pages.editions import weights_line
from digest.render.pages.frame import Frame


class Making(Value):
    """How editions are made here: the weights of each mode, and when."""

    weights: Mapping[Mode, Weights]
    compose_at: str
    compose_by: str
    zone: str
    by_hand: bool
    repeats: str
    machine: str
    per_author: int


def about_page(frame: Frame, making: Making) -> bytes:
    """Return the page about the site. Raises RenderError."""
    return frame.page(
        "web/about.html",
        paths.ABOUT,
        title="About",
        description=f"How {frame.site.title} picks papers, and what it keeps of its readers.",
        section=paths.ABOUT,
        making=making,
        weights={mode: weights_line(weights) for mode, weights in making.weights.items()},
        subscribe=frame.subscribe(),
    )
