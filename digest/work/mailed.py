"""What a reader was mailed, once more as a page: to read it, and to say what to have more and less of.

Its link stands in the mail, and mails are passed on. So it shows what the mail held and what was said of those papers,
and nothing else of its reader's; what it can do is said and taken back of those papers alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from digest.app import App
from digest.errors import DigestError, NotFoundError
from digest.model import Edition, EditionId, PaperId, Pick, SubscriberId, Topic, Value
from digest.work import personal
from digest.work.messages import PAGE_FOR
from digest.work.personal import Liking, Step
from digest.work.planning import told_once
from digest.work.subscribing import is_mailed


class Mailed(Value):
    """The sections of a mail, what its reader said of its papers, and until when there is a page for it.

    `topic` is the reader's own, which may be empty; `open` says whether anything can be said, as long as mail comes.
    """

    sections: tuple[Edition, ...]
    topic: Topic
    likings: dict[PaperId, Liking]
    ends: datetime
    open: bool

    @property
    def picks(self) -> tuple[Pick, ...]:
        return tuple(pick for section in self.sections for pick in section.picks)


def mailed(app: App, subscriber: SubscriberId, slot: str) -> Mailed:
    """Return what a reader was mailed in a slot. Raises NotFoundError where nothing was, or nothing is left of it."""
    delivery = next(iter(app.store.deliveries(slot, subscriber_id=subscriber)), None)
    if delivery is None or delivery.digest_id is None:
        raise NotFoundError("nothing was mailed then")
    sections = told_once(app, list(_kept(app, app.store.digest(delivery.digest_id).edition_ids)))
    if not sections:
        raise NotFoundError("what was mailed then is forgotten")
    topic = personal.own(app, subscriber).topic
    return Mailed(
        sections=tuple(sections),
        topic=topic,
        likings=dict.fromkeys(topic.unlike, Liking.LESS) | dict.fromkeys(topic.examples, Liking.MORE),
        ends=delivery.due + PAGE_FOR,
        open=is_mailed(app, subscriber),
    )


def like(app: App, subscriber: SubscriberId, slot: str, paper: str, liking: Liking) -> Step:
    """Say what a reader thinks of a paper of a mail, or takes back of it; of all without one. Raises DigestError."""
    held = mailed(app, subscriber, slot).picks
    papers = [pick.paper.id for pick in held if paper in ("", pick.paper.id)]
    if not papers or not (paper or liking is Liking.NEITHER):
        raise DigestError("this paper is not in the mail")
    return personal.weigh(app, subscriber, papers, liking)


def _kept(app: App, editions: Iterable[EditionId]) -> Iterator[Edition]:
    """Yield the editions that are still there: of a topic that its reader removed there are none."""
    for one in editions:
        try:
            yield app.store.edition(one)
        except NotFoundError:
            continue
