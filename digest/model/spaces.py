"""What the store keeps for the ranker."""

from __future__ import annotations

from datetime import datetime

from digest.model.values import Value


class FittedSpace(Value):
    """What was learnt from the papers at a moment, as bytes; the store had so many papers then."""

    fitted: datetime
    papers: int
    content: bytes
