"""What is in a feed, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

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


def lined_up(
    state: FeedState, picks: Sequence[Pick], *, at: datetime, edition_id: EditionId | None = None
) -> tuple[FeedState, list[FeedEntry]]:
    """Return a feed's next state, and the picks, new to it, as the entries they become, in their order.

    The first pick is the newest, and each is a second older than the one before it: readers that sort by date keep our
    order, and no two entries say the same moment, which the W3C's validator warns about.
    """
    at = at.replace(microsecond=0)
    last, batch = state.entered + len(picks), state.batch if state.changed == at else 0
    entries = [
        FeedEntry(
            feed=state.name,
            number=last - place,
            paper_id=pick.paper.id,
            at=at - timedelta(seconds=batch + place),
            edition_id=edition_id,
            pick=None if edition_id else pick,
        )
        for place, pick in enumerate(picks)
    ]
    after = FeedState(name=state.name, entered=last, changed=at, batch=batch + len(picks))
    return after if picks else state, entries[::-1]


class Told(Value):
    """What a hub knows of a feed: all up to an entry's `number`. After `tries` in vain it is told at `next_try`."""

    hub: str
    feed: str
    number: int = 0
    tries: int = 0
    next_try: datetime | None = None
