"""What an operator's own model says of likeness, made comparable between topics and between models. Pure.

Cosines of embedding models mean nothing by themselves: with one model strangers are 0.1 alike, with another 0.7. So a
topic's are measured against the store's own papers: how far beyond the usual one is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# In standard deviations above the mean over the store's papers: nothing, and all.
NOTHING, ALL = 2.0, 5.0
# What full likeness is worth as evidence: half of what makes a paper half relevant where the space is trusted.
WORTH = 20.0


class Meaning:
    """Where the papers of a pool lie, a row each, and those of a sample of the store's to compare them with."""

    def __init__(self, papers: Any, sample: Any) -> None:
        self.papers, self.sample = papers.astype(np.float64), sample.astype(np.float64)

    def evidence(self, aims: Sequence[Any]) -> Any:
        """Return topics x papers: what likeness is worth, 0 to WORTH; nothing for a topic whose aim is None."""
        found = np.zeros((len(aims), len(self.papers)))
        rows = [row for row, aim in enumerate(aims) if aim is not None]
        if rows and len(self.papers) and len(self.sample) > 1:
            directions = np.stack([aims[row] for row in rows])
            usual = directions @ self.sample.T
            spread = np.maximum(usual.std(axis=1, keepdims=True), 1e-6)
            beyond = (directions @ self.papers.T - usual.mean(axis=1, keepdims=True)) / spread
            found[rows] = WORTH * np.clip((beyond - NOTHING) / (ALL - NOTHING), 0, 1)
        return found


def aim(parts: Sequence[Any]) -> Any:
    """Return where a topic points: the mean of its words' place and its examples', each counting as much."""
    if not parts:
        return None
    found = np.sum(np.asarray(parts, np.float64), axis=0)
    length = np.linalg.norm(found)
    return found / length if length else None
