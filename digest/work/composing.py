"""Compose the editions that are due and release drafts whose time has come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice

import structlog
from msgspec.structs import replace

from digest import edition
from digest.app import App
from digest.config.settings import Release
from digest.edition.slots import PERIODS_BACK
from digest.errors import DigestError
from digest.model import (
    CADENCE_OF,
    Condition,
    Edition,
    EditionState,
    Paper,
    Period,
    PeriodKind,
    Topic,
    TopicId,
    Withdrawal,
)
from digest.work.counting import catch_up
from digest.work.embedding import meaning_of
from digest.work.fitting import fit_when_due
from digest.work.ranking import draft, drafts, pool_of, prepared
from digest.work.standing import awaits, conditions, health
from digest.work.summaries import ask

Withdrawn = Mapping[TopicId, Sequence[tuple[Paper, Period]]]

# Enough for the cost of a statement not to count, few enough to be held at once.
BATCH = 256

log = structlog.get_logger()


def compose_due(app: App, topics: Sequence[Topic] | None = None) -> list[Edition]:
    """Compose what is due and has no edition yet, oldest first; then release the drafts nobody released in time.

    Without `topics` these are all of the site's that are enabled, and the readers' own: see `due_personal`. An edition
    waits for sources that are behind until `schedule.compose_by`.
    """
    personal = due_personal(app) if topics is None else []
    topics = [one for one in app.store.topics() if one.enabled] if topics is None else topics
    todo = [(period, topic) for topic in topics for period in due_periods(app, topic)] + personal
    found = conditions(app) if todo else []
    ready = [(period, topic) for period, topic in todo if not awaits(app, topic, period, found)]
    return _compose(app, ready, found) + release_due(app, topics)


def due_periods(app: App, topic: Topic) -> list[Period]:
    """Return the periods of a topic whose edition is due now and not there."""
    first = app.store.first_sight()
    if first is None:
        return []
    now, known = app.now(), _known(app, topic)
    since, today = app.calendar.today(first), app.calendar.today(now)
    missing = edition.due(topic.periods, known, since=since, today=today)
    return [period for period in missing if app.calendar.cut(period) <= now]


def due_personal(app: App) -> list[tuple[Period, Topic]]:
    """Return the personal topics whose edition is due now and not there, each in its reader's cadence alone.

    A topic starts with the period that ended last. Of what a stop left out only that is made up for which a digest
    would still carry.
    """
    first = app.store.first_sight()
    if first is None:
        return []
    since, today = app.calendar.today(first), app.calendar.today(app.now())
    found = []
    for kind, cadence in CADENCE_OF.items():
        for period, begun in _ended(Period.containing(kind, today), PERIODS_BACK):
            if period.end > since and app.calendar.cut(period) <= app.now():
                topics = app.store.due_personal(cadence, period, begun=begun)
                found += [(period, replace(topic, periods=(kind,))) for topic in topics]
    return found


def _ended(current: Period, periods: int) -> Iterator[tuple[Period, bool]]:
    """Yield the periods before the current one, and whether only who began earlier has an edition of it."""
    for number in range(periods):
        current = current.previous
        yield current, number > 0


def compose_day(app: App, topics: Sequence[Topic], day: date) -> list[Edition]:
    """Compose what is missing of a day: its own edition, even before its cut, and a week or month that ended with it.

    Raises DigestError for a day to come.
    """
    today = app.calendar.today(app.now())
    if day > today:
        raise DigestError(f"{day} is still to come", hint=f"today is {today} in {app.settings.site.zone}")
    todo = [
        (period, topic)
        for topic in topics
        for period in (Period.containing(kind, day) for kind in topic.periods)
        if period.kind is PeriodKind.DAY or period.end <= today
        if period not in app.store.periods(topic.id)
    ]
    return _compose(app, todo, conditions(app) if todo else [])


def completed(app: App, composed: Edition, found: Sequence[Condition], withdrawn: Withdrawn | None = None) -> Edition:
    """Return a draft with what it tells besides its picks: which sources are behind, which papers were withdrawn.

    `withdrawn` spares asking for it again for each topic. Without a pick of its own no edition tells of old ones:
    nobody would be sent it.
    """
    topic, period = composed.topic, composed.period
    told = app.store.withdrawals(period.kind, apart_from=period.label) if withdrawn is None else withdrawn
    papers = told.get(topic.id, ()) if composed.picks else ()
    return replace(
        composed,
        health=health(app, topic, period, found),
        withdrawn=tuple(_withdrawal(paper, then) for paper, then in papers),
    )


def _withdrawal(paper: Paper, then: Period) -> Withdrawal:
    url = paper.links.abstract or paper.links.discussion
    return Withdrawal(paper_id=paper.id, title=paper.title, label=then.label, url=url)


def release_due(app: App, topics: Iterable[Topic]) -> list[Edition]:
    """Release the drafts whose `release_by` has passed."""
    now = app.now()
    drafts = [one for topic in topics for one in app.store.editions(topic.id, state=EditionState.DRAFT)]
    due = [one for one in drafts if app.calendar.release(one.period) <= now and not app.store.desk(one.id).held]
    released = [edition.release(one, now) for one in due]
    for one in released:
        app.store.save_edition(one)
    return released


def _compose(app: App, todo: list[tuple[Period, Topic]], found: Sequence[Condition]) -> list[Edition]:
    """Compose in the order of time, all topics of a period from the same candidates.

    Ranking takes its time, so it holds no transaction: what a stop leaves out is composed by whoever comes next.
    """
    done: list[Edition] = []
    if todo:
        catch_up(app)
        fit_when_due(app)
    _write_ahead(app, todo)
    _place_ahead(app, todo)
    for period in sorted({period for period, _ in todo}, key=lambda one: (one.end, one.kind)):
        now, topics = app.now(), [topic for due, topic in todo if due == period]
        withdrawn = app.store.withdrawals(period.kind, apart_from=period.label)
        composed = (completed(app, one, found, withdrawn) for one in drafts(app, topics, period, as_of=now))
        released = _released(app, composed, now)
        while batch := list(islice(released, BATCH)):
            done += app.store.save_editions(batch)
    if done:
        _log(found)
    return done


def _write_ahead(app: App, todo: list[tuple[Period, Topic]]) -> None:
    """Have a model write about what is to be picked, if there is one: no transaction waits for a network.

    What a reader's own topic alone picks, no model is told.
    """
    if not app.settings.summary.url:
        return
    now, site = app.now(), [(period, topic) for period, topic in todo if topic.owner is None]
    pools = {period: pool_of(app, period, as_of=now) for period, _ in site}
    ask(app, [draft(app, topic, period, as_of=now, pool=pools[period]) for period, topic in site])


def _place_ahead(app: App, todo: list[tuple[Period, Topic]]) -> None:
    """Have the operator's own model place what is to be compared, if there is one: no transaction waits for it."""
    if not app.settings.rank.model:
        return
    for period in {period for period, _ in todo}:
        pool = pool_of(app, period, as_of=app.now())
        meaning_of(app, [one.paper for one in pool.candidates], pool.space.known)
        prepared(app, [topic for due, topic in todo if due == period], pool.space)


def _log(found: Sequence[Condition]) -> None:
    for one in found:
        if one.behind:
            log.warning(
                "source_behind",
                source=one.source_id,
                category=one.category,
                state=str(one.state),
                since=one.since and one.since.isoformat(),
                count=one.count,
                usual=one.usual,
            )


def _released(app: App, composed: Iterable[Edition], now: datetime) -> Iterator[Edition]:
    """Yield editions released, but for those an editor is to look at: of the site's topics alone."""
    auto = app.settings.schedule.release is Release.AUTO
    for one in composed:
        alone = one.topic.owner is not None or (auto and not app.store.desk(one.id).held)
        yield edition.release(one, now) if alone else one


def _known(app: App, topic: Topic) -> dict[PeriodKind, set[Period]]:
    found: dict[PeriodKind, set[Period]] = {}
    for period in app.store.periods(topic.id):
        found.setdefault(period.kind, set()).add(period)
    return found
