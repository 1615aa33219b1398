"""The editor's desk: notes, pins, blocks and holds on editions that are not out yet, and their release.

A decision is kept apart from the draft it changes: it can be made before there is one, and it holds when the draft is
composed anew. Each is one transaction on what the other editors left, so that nobody's work is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from digest import edition as editions
from digest.app import App
from digest.errors import DigestError, NotFoundError
from digest.model import Desk, Edition, EditionId, EditionState, PaperId, Period, Topic, TopicId
from digest.text import tidy
from digest.work.ranking import draft


def note(app: App, edition_id: EditionId, text: str) -> Edition | None:
    """Put a note on top of an edition; an empty one takes it away. Returns the draft, None if it is yet to come."""
    return _decide(app, edition_id, lambda desk: replace(desk, note=tidy(text) or None))


def pin(app: App, edition_id: EditionId, paper: PaperId, place: int) -> Edition | None:
    """Put any paper of the store at a place, from 1, and let it come back if it was blocked."""
    with app.store.transaction():
        app.store.unblock(_named(app, edition_id)[0].id, paper)
        return _decide(app, edition_id, lambda desk: editions.pinned(desk, paper, place))


def unpin(app: App, edition_id: EditionId, paper: PaperId) -> Edition | None:
    """Leave it to the score again where a paper stands, and whether."""
    return _decide(app, edition_id, lambda desk: editions.unpinned(desk, paper))


def order(app: App, edition_id: EditionId, papers: Sequence[PaperId]) -> Edition | None:
    """Put these papers first, in this order."""
    return _decide(app, edition_id, lambda desk: editions.ordered(desk, papers))


def hold(app: App, edition_id: EditionId) -> Edition | None:
    """Keep an edition from going out by itself."""
    return _decide(app, edition_id, lambda desk: replace(desk, held=True))


def release(app: App, edition_id: EditionId) -> Edition:
    """Let a draft go out now, held or not; from here on it never changes. Raises NotFoundError, DigestError."""
    with app.store.transaction():
        found = _draft(app, edition_id)
        if found is None:
            raise NotFoundError(f"{edition_id} is not composed yet", hint="`digest compose` freezes what is due")
        _save(app, replace(app.store.desk(edition_id), held=False))
        released = editions.release(found, app.now())
        app.store.save_edition(released)
        return released


def block(app: App, topic: Topic, paper: PaperId) -> list[Edition]:
    """Keep a paper out of a topic for good, pinned or not. Returns the drafts that were composed anew without it."""
    with app.store.transaction():
        app.store.block(topic.id, paper, now=app.now())
        drafts = app.store.editions(topic.id, state=EditionState.DRAFT)
        for one in drafts:
            _save(app, editions.unpinned(app.store.desk(one.id), paper))
        return [redraw(app, one) for one in drafts]


def unblock(app: App, topic: Topic, paper: PaperId) -> list[Edition]:
    """Let a paper come back. Returns the topic's drafts, composed anew. Raises NotFoundError if it was not blocked."""
    with app.store.transaction():
        if not app.store.unblock(topic.id, paper):
            raise NotFoundError(f"{paper} is not blocked for {topic.id}")
        return [redraw(app, one) for one in app.store.editions(topic.id, state=EditionState.DRAFT)]


def redraw(app: App, one: Edition) -> Edition:
    """Compose a draft anew from what was known when it was composed, and as the desk stands now.

    What was said about its sources and about withdrawn papers stays.
    """
    fresh = draft(app, one.topic, one.period, as_of=one.as_of)
    fresh = replace(fresh, health=one.health, withdrawn=one.withdrawn)
    app.store.save_edition(fresh)
    return fresh


def edition_for(app: App, name: str) -> EditionId:
    """Return the edition that a person means: by its id, or a topic's next one, which is its oldest draft if any.

    Raises NotFoundError.
    """
    if "/" in name:
        _named(app, EditionId(name))
        return EditionId(name)
    topic = app.store.topic(TopicId(name))
    drafts = app.store.editions(topic.id, state=EditionState.DRAFT)
    if drafts:
        return drafts[-1].id
    period = Period.containing(topic.periods[0], app.calendar.today(app.now()))
    if app.calendar.cut(period.previous) > app.now():
        period = period.previous
    return EditionId(f"{topic.id}/{period.label}")


def _decide(app: App, edition_id: EditionId, change: Callable[[Desk], Desk]) -> Edition | None:
    with app.store.transaction():
        _named(app, edition_id)
        found = _draft(app, edition_id)
        _save(app, change(app.store.desk(edition_id)))
        return redraw(app, found) if found else None


def _save(app: App, desk: Desk) -> None:
    """Keep what was decided. Raises DigestError if another editor was quicker."""
    if desk == app.store.desk(desk.edition_id):
        return
    if not app.store.save_desk(desk):
        raise DigestError(f"{desk.edition_id} was changed by somebody else meanwhile", hint="look again, then repeat")


def _draft(app: App, edition_id: EditionId) -> Edition | None:
    """Return a draft, None if there is no edition yet. Raises DigestError if it is out."""
    try:
        found = app.store.edition(edition_id)
    except NotFoundError:
        return None
    if found.state is EditionState.RELEASED:
        raise DigestError(
            f"{edition_id} was released at {found.dated:%Y-%m-%d %H:%M} UTC and never changes again",
            hint="name the next edition, or its topic alone",
        )
    return found


def _named(app: App, edition_id: EditionId) -> tuple[Topic, Period]:
    """Return the topic and the period of an edition, there or not. Raises NotFoundError."""
    topic, _, label = edition_id.rpartition("/")
    try:
        period = Period.parse(label)
    except ValueError as error:
        raise NotFoundError(
            f"no edition is called {edition_id!r}", hint="an edition is a topic and a period: kv-cache/2026-11-20"
        ) from error
    return app.store.topic(TopicId(topic)), period
