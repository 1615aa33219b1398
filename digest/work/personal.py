"""A reader's own topic: words, and papers to have more and less of. Each step shows what it does, and can be undone.

A reader has one. It is composed like the site's topics, in the reader's cadence alone, and comes in that reader's mail
and secret feed, nowhere else. As it was before the last step it is kept beside it, switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum
from hashlib import sha256

from msgspec import structs
from msgspec.structs import replace

from digest.app import App
from digest.edition.slots import KIND_OF
from digest.errors import DigestError
from digest.model import (
    Paper,
    PaperId,
    Period,
    PeriodKind,
    SubscriberId,
    SubscriptionState,
    Topic,
    TopicId,
    Value,
    phrase,
)
from digest.rank import Pool, rank_all
from digest.rank.effect import Effect, effect
from digest.work.phrases import Phrases
from digest.work.ranking import pool_of, prepared, rule_of
from digest.work.subscribing import begin_own, end_own, is_mailed
from digest.work.wishes import RefusedError

NAME = "My own topic"
# Of papers to have more of, and of papers to have less of: the newest stay.
PAPERS = 50
_WANTS = ("should", "must", "authors", "categories", "examples")


class Liking(StrEnum):
    """What a reader says of a paper."""

    MORE = "more"
    LESS = "less"
    NEITHER = "neither"


class Own(Value):
    """A reader's own topic, which may be empty, its papers, how it is subscribed to, and if a step can be undone."""

    topic: Topic
    more: tuple[Paper, ...]
    less: tuple[Paper, ...]
    state: SubscriptionState | None
    undoable: bool

    @property
    def empty(self) -> bool:
        return is_empty(self.topic)


class Step(Value):
    """The topic after a step, what that did to the papers of the last days, and how many old papers gave way."""

    topic: Topic
    effect: Effect
    dropped: int = 0


def own(app: App, subscriber: SubscriberId) -> Own:
    """Return the own topic of a reader, empty if there is none. Raises NotFoundError for an unknown reader."""
    app.store.subscriber(subscriber)
    held = {one.id: one for one in app.store.topics(owner=subscriber)}
    topic = held.get(own_id(subscriber), _nothing(subscriber))
    papers = app.store.papers((*topic.examples, *topic.unlike))
    states = {one.topic_id: one.state for one in app.store.subscriptions(subscriber)}
    return Own(
        topic=topic,
        more=tuple(papers[id_] for id_ in reversed(topic.examples) if id_ in papers),
        less=tuple(papers[id_] for id_ in reversed(topic.unlike) if id_ in papers),
        state=states.get(topic.id),
        undoable=_before_id(topic.id) in held,
    )


def say(app: App, subscriber: SubscriberId, wanted: Phrases, *, by_link: bool) -> Step:
    """Give the topic other words, names and categories; its papers stay.

    `by_link` says that the reader's own link asks, which proves consent; else the operator does, and who confirmed
    nothing yet gets nothing before that. Raises RefusedError for a topic of nothing, DigestError.
    """

    def said(topic: Topic) -> Topic:
        found = replace(topic, **structs.asdict(wanted))
        if is_empty(found):
            raise RefusedError({"words": phrase("say what your topic is about")})
        return found

    return _step(app, subscriber, said, by_link=by_link)


def more_like(app: App, subscriber: SubscriberId, paper: PaperId, *, by_link: bool) -> Step:
    """Have more papers like this one. Of more than PAPERS the oldest give way. Raises DigestError."""
    return _step(app, subscriber, lambda topic: _with(topic, "examples", "unlike", paper), by_link=by_link)


def less_like(app: App, subscriber: SubscriberId, paper: PaperId, *, by_link: bool) -> Step:
    """Have fewer papers like this one. Of more than PAPERS the oldest give way. Raises DigestError."""
    return _step(app, subscriber, lambda topic: _with(topic, "unlike", "examples", paper), by_link=by_link)


def weigh(app: App, subscriber: SubscriberId, papers: Collection[PaperId], liking: Liking) -> Step:
    """Have more or less like these papers, or neither any more, by the link of a mail.

    A mail is passed on, and outlives a good-bye: who is mailed nothing is not brought back by it. Raises DigestError.
    """

    def weighed(topic: Topic) -> Topic:
        lists = {
            name: tuple(one for one in getattr(topic, name) if one not in papers) for name in ("examples", "unlike")
        }
        match liking:
            case Liking.MORE:
                lists["examples"] += tuple(papers)
            case Liking.LESS:
                lists["unlike"] += tuple(papers)
        if max(map(len, lists.values())) > PAPERS and liking is not Liking.NEITHER:
            raise DigestError(f"your topic goes by {PAPERS} papers already", hint="take some back first")
        return replace(topic, **lists)

    return _step(app, subscriber, weighed, by_link=True, mailed=True)


def reset(app: App, subscriber: SubscriberId, *, words: bool, by_link: bool) -> Step:
    """Take the topic's papers away, and unless `words` stay these as well. Raises DigestError."""

    def bare(topic: Topic) -> Topic:
        return replace(topic, examples=(), unlike=()) if words else _nothing(subscriber)

    return _step(app, subscriber, bare, by_link=by_link)


def undo(app: App, subscriber: SubscriberId) -> Step:
    """Take back the last step; there is one to take back, not two. Raises DigestError if there is none."""
    with app.store.transaction():
        held = {one.id: one for one in app.store.topics(owner=subscriber)}
        id_ = own_id(subscriber)
        kept = held.get(_before_id(id_))
        if kept is None:
            raise DigestError("there is nothing to undo", hint="only the last step is kept")
        before = replace(kept, id=id_, enabled=not is_empty(kept))
        app.store.put_topics([before])
        app.store.remove_topic(kept.id)
    return Step(topic=before, effect=_effect(app, subscriber, held.get(id_, before), before))


def forget(app: App, subscriber: SubscriberId) -> None:
    """Forget the topic, its editions and its feed, as if there never was one. Doing it again changes nothing."""
    id_ = own_id(subscriber)
    with app.store.transaction():
        end_own(app, subscriber, id_)
        for one in (id_, _before_id(id_)):
            app.store.forget_topic(one)


def own_id(subscriber: SubscriberId) -> TopicId:
    """Return the id of a reader's own topic: no id of the site's holds a point, and it tells nobody whose it is."""
    return TopicId(f"my.{sha256(f'own topic {subscriber}'.encode()).hexdigest()[:20]}")


def is_empty(topic: Topic) -> bool:
    """Say whether a topic asks for nothing: what it wants less of, or must not hold, is no subject."""
    return not any(getattr(topic, name) for name in _WANTS)


def _step(
    app: App, subscriber: SubscriberId, change: Callable[[Topic], Topic], *, by_link: bool, mailed: bool = False
) -> Step:
    """Take a step; `mailed` says that only who is mailed something may. Raises DigestError."""
    with app.store.transaction():
        if mailed and not is_mailed(app, subscriber):
            raise DigestError("no mail comes to you now", hint="subscribe again")
        current = own(app, subscriber)
        before = current.topic
        wanted = change(before)
        after = _bounded(replace(wanted, enabled=not is_empty(wanted)))
        if after != before:
            app.store.put_topics([after, replace(before, id=_before_id(before.id), enabled=False)])
        # Whoever a mail was passed on to may not bring back a topic that its reader ended.
        if after.enabled and not (mailed and current.state):
            begin_own(app, subscriber, after.id, by_link=by_link)
    gone = len(wanted.examples) + len(wanted.unlike) - len(after.examples) - len(after.unlike)
    return Step(topic=after, effect=_effect(app, subscriber, before, after), dropped=gone)


def _effect(app: App, subscriber: SubscriberId, before: Topic, after: Topic) -> Effect:
    period, pool = _candidates(app, KIND_OF[app.store.subscriber(subscriber).cadence])
    old, new = prepared(app, [before, after], pool.space)
    lists = [ranking.picks[: after.limit] for ranking in rank_all(pool, [old, new], rule_of(app, period))]
    return effect(pool, (old, new), (lists[0], lists[1]))


def _candidates(app: App, kind: PeriodKind) -> tuple[Period, Pool]:
    """Return what the edition that was due last chose from; where that is nothing yet, what the next one will."""
    current = Period.containing(kind, app.calendar.today(app.now()))
    last = current.previous if app.calendar.cut(current.previous) <= app.now() else current.previous.previous
    pool = pool_of(app, last, as_of=app.now())
    return (last, pool) if len(pool) else (current, pool_of(app, current, as_of=app.now()))


def _with(topic: Topic, field: str, other: str, paper: PaperId) -> Topic:
    """Return the topic with a paper as the newest of one list, and not in the other."""
    lists = {name: tuple(one for one in getattr(topic, name) if one != paper) for name in (field, other)}
    return replace(topic, **{**lists, field: (*lists[field], paper)})


def _bounded(topic: Topic) -> Topic:
    return replace(topic, examples=topic.examples[-PAPERS:], unlike=topic.unlike[-PAPERS:])


def _nothing(subscriber: SubscriberId) -> Topic:
    """Return the topic of a reader who asked for nothing yet; any cadence may become the reader's."""
    return Topic(id=own_id(subscriber), name=NAME, periods=tuple(KIND_OF.values()), owner=subscriber, enabled=False)


def _before_id(topic: TopicId) -> TopicId:
    return TopicId(f"{topic}.before")
