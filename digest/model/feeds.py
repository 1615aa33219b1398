"""What is in a feed, and since when."""

from __future__ import annotations

from datetime import datetime

from digest.model.topics import Pick
from digest.model.values import EditionId, PaperId, TopicId, Value

# The feeds of the site that are no topic's.
ALL, RISING, LATE = "all", "rising", "late-bloomers"


def feed_of_topic(topic_id: TopicId) -> str:
    """Return the name of a topic's feed."""
    return f"topic/{topic_id}"


class Origin(Value):
    """The source's feed that a paper came from first, and when we saw it there."""

    name: str
    url: str
    seen: datetime


class FeedEntry(Value):
    """A paper that entered a feed, once, as its `number`th; `at` is when, and no other entry of the feed has the same.

    What is shown of it is frozen in an edition, else in `pick`.
    """

    feed: str
    number: int
    paper_id: PaperId
    at: datetime
    edition_id: EditionId | None = None
    pick: Pick | None = None
    origin: Origin | None = None


class FeedState(Value):
    """How many papers ever entered a feed, and when the last ones did, of which there were `batch`."""

    name: str
    entered: int = 0
    changed: datetime | None = None
    batch: int = 0


class Told(Value):
    """What a hub knows of a feed: all up to an entry's `number`. After `tries` in vain it is told at `next_try`."""

    hub: str
    feed: str
    number: int = 0
    tries: int = 0
    next_try: datetime | None = None
