"""Rank a topic over the store, and say why a paper is in or out. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import date, datetime
from itertools import chain

from msgspec.structs import replace

from digest import edition, identity
from digest.app import App
from digest.errors import NotFoundError
from digest.model import Desk, Edition, EditionId, Paper, PaperId, Period, Pick, Topic, Value
from digest.rank import (
    Candidate,
    Judgement,
    Pool,
    Query,
    Ranking,
    Rule,
    Space,
    judge,
    queries,
    rank,
    rank_all,
    vocabulary,
)
from digest.rank.late import offered
from digest.rank.score import asks_the_crowd, weights_for
from digest.text import fold
from digest.work.candidates import Bloomers, bloomers, candidates
from digest.work.counting import corpus_of
from digest.work.embedding import aims_of, meaning_of
from digest.work.fitting import space_of
from digest.work.summaries import with_summaries


class Reply(Value):
    """The answer to `digest why`: the judgement, and the edition that already holds the paper, if one does."""

    judgement: Judgement
    edition: Edition | None = None


def draft(
    app: App,
    topic: Topic,
    period: Period,
    *,
    as_of: datetime,
    pool: Pool | None = None,
    bloomed: Bloomers | None = None,
) -> Edition:
    """Return the edition as it would be composed now: ages count to the period's cut, nothing seen after `as_of` is in.

    `pool` and `bloomed` spare loading the same candidates for each topic.
    """
    (found,) = drafts(app, [topic], period, as_of=as_of, pool=pool, bloomed=bloomed)
    return found


def drafts(
    app: App,
    topics: Sequence[Topic],
    period: Period,
    *,
    as_of: datetime,
    pool: Pool | None = None,
    bloomed: Bloomers | None = None,
) -> Iterator[Edition]:
    """Yield the drafts of many topics, made from the same candidates; each is what `draft` makes of it alone."""
    window = pool_of(app, period, as_of=as_of) if pool is None else pool
    late = bloomed if bloomed is not None else bloomers(app, period, as_of=as_of)
    bloom = Pool(late.candidates, window.space, window.corpus, model=window.model)
    wanted, told = prepared(app, topics, window.space), _told_to(app, topics, period, (window, bloom))
    rule = rule_of(app, period)
    for one, had, ranking in zip(wanted, told, rank_all(window, wanted, rule, told=told), strict=True):
        yield _draft(app, one, period, ranking, had, _late(one, rule, bloom, late, had), as_of=as_of)


def _draft(
    app: App,
    wanted: Query,
    period: Period,
    ranking: Ranking,
    told: Set[PaperId],
    late: tuple[Pick, ...],
    *,
    as_of: datetime,
) -> Edition:
    name = EditionId(f"{wanted.topic.id}/{period.label}")
    # No editor sits over what a reader alone sees.
    desk = app.store.desk(name) if wanted.topic.owner is None else Desk(edition_id=name)
    found = edition.compose(
        wanted.topic,
        period,
        ranking.picks,
        picked=told,
        considered=ranking.considered,
        matched=ranking.matched,
        cut=app.calendar.cut(period),
        as_of=as_of,
        note=desk.note,
        chosen=_chosen(app, wanted.topic, period, desk, ranking.picks, as_of=as_of),
        late=late,
    )
    return with_summaries(app, found)


def _told_to(app: App, topics: Sequence[Topic], period: Period, pools: Sequence[Pool]) -> list[set[PaperId]]:
    """Return which papers of the pools each topic shall not have: had before, or blocked by an editor."""
    papers, since = chain.from_iterable(pool.ids for pool in pools), _horizon(app, period)
    had = app.store.had((one.id for one in topics), papers, period.kind, apart_from=period.label, since=since)
    blocked = {one.id: app.store.blocked(one.id, until=app.now()) for one in topics if one.owner is None}
    return [had.get(one.id, set()) | blocked.get(one.id, set()) for one in topics]


def rule_of(app: App, period: Period) -> Rule:
    """Return by what the topics of a period are ranked."""
    return Rule(
        at=app.calendar.cut(period),
        kind=period.kind,
        default=app.settings.default_weights,
        per_author=app.settings.limits.per_author,
    )


def _late(wanted: Query, rule: Rule, bloom: Pool, late: Bloomers, told: Set[PaperId]) -> tuple[Pick, ...]:
    """Return the late bloomers that fit a topic which listens to the crowd, but none that it had before."""
    if not late.grown or not asks_the_crowd(weights_for(wanted.topic, rule.default)):
        return ()
    fitting = rank(bloom, wanted.but(min_score=0.0, limit=len(bloom)), rule, told=told).picks
    new = (pick for pick in fitting if pick.paper.id not in told)
    return offered(new, late.grown, relevance=wanted.topic.min_score)


def _chosen(
    app: App, topic: Topic, period: Period, desk: Desk, ranked: Sequence[Pick], *, as_of: datetime
) -> list[tuple[int, Pick]]:
    """Return what editors pinned, with its place: as it was ranked, else with the score it truly has for the topic."""
    if not desk.pins:
        return []
    known = {pick.paper.id: pick for pick in ranked}
    papers = app.store.papers(pin.paper_id for pin in desk.pins)
    return [
        (pin.place, known.get(paper.id) or _worth(app, topic, paper, period, as_of=as_of))
        for pin in desk.pins
        if (paper := papers.get(pin.paper_id))
    ]


def _worth(app: App, topic: Topic, paper: Paper, period: Period, *, as_of: datetime) -> Pick:
    """Return the pick that a paper from anywhere in the store would be; without any relevance its score is 0."""
    judged = _judged(app, topic, paper, period, as_of=as_of).pick
    return judged or Pick(paper=paper, rank=0, score=0.0, parts=(), reasons=())


def candidates_of(app: App, period: Period, *, as_of: datetime) -> list[Candidate]:
    """Return the papers of a period's window with their signals as of then."""
    window = edition.window(period, app.calendar)
    papers = app.store.papers_between(
        window.start, window.end, new_since=window.new_since, oldest=window.oldest, as_of=as_of
    )
    return candidates(app, papers, as_of=as_of)


def pool_of(app: App, period: Period, *, as_of: datetime) -> Pool:
    """Return a period's candidates made ready for all topics."""
    return _ready(app, candidates_of(app, period, as_of=as_of), as_of=as_of)


def _ready(app: App, found: Iterable[Candidate], *, as_of: datetime) -> Pool:
    space = space_of(app, as_of)
    return Pool(found, space, corpus_of(app), model=lambda papers: meaning_of(app, papers, space.known))


def prepared(app: App, topics: Sequence[Topic], space: Space) -> list[Query]:
    """Return topics made ready."""
    named = app.store.papers({id_ for topic in topics for id_ in (*topic.examples, *topic.unlike)})
    return queries(topics, corpus_of(app, vocabulary(topics)), space, named, aims_of(app, topics, named))


def why(app: App, topic: Topic, paper: Paper, period: Period, *, as_of: datetime) -> Reply:
    """Return a paper's score for a topic part by part, or why it is out, whether or not it is in the window."""
    judgement = _judged(app, topic, paper, period, as_of=as_of)
    held = next((one for one in app.store.editions(topic.id, kind=period.kind) if _holds(one, paper.id)), None)
    if not (judgement.excluded or held):
        judgement = replace(judgement, excluded=_left_out(app, topic, paper, period, as_of=as_of))
    return Reply(judgement=judgement, edition=held)


def _judged(app: App, topic: Topic, paper: Paper, period: Period, *, as_of: datetime) -> Judgement:
    pool = _ready(app, candidates(app, [paper], as_of=as_of), as_of=as_of)
    (wanted,) = prepared(app, [topic], pool.space)
    return judge(pool, wanted, rule_of(app, period))


def _left_out(app: App, topic: Topic, paper: Paper, period: Period, *, as_of: datetime) -> str | None:
    """Return why a paper that fits is out all the same: an editor wants it so, or the list is better without it."""
    if paper.id in app.store.blocked(topic.id, until=app.now()):
        return "an editor blocked it for this topic"
    pool = pool_of(app, period, as_of=as_of)
    (wanted,) = prepared(app, [topic], pool.space)
    (told,) = _told_to(app, [topic], period, [pool])
    ranking = rank(pool, wanted, rule_of(app, period), told=told)
    return ranking.left_out.get(paper.id)


def find_paper(app: App, wanted: str) -> Paper:
    """Return the paper that an id, an arXiv id, a DOI, an address or words of the title name. Raises NotFoundError."""
    known = app.store.papers([PaperId(wanted)])
    if known:
        return known[PaperId(wanted)]
    owners = app.store.paper_ids(_keys(wanted))
    if owners:
        found = next(iter(owners.values()))
        return app.store.papers([found])[found]
    matches = app.store.search(wanted, limit=20)
    begun = [paper for paper in matches if fold(paper.title).startswith(fold(wanted))]
    if len(matches) == 1 or len(begun) == 1:
        return (begun or matches)[0]
    hint = "; ".join(f"{paper.id} {paper.title[:60]}" for paper in matches[:5])
    what = "no paper" if not matches else "more than one paper"
    raise NotFoundError(f"{what} matches {wanted!r}", hint=hint or "use an id, a DOI, an address or words of the title")


def _keys(wanted: str) -> list[str]:
    arxiv, doi = identity.arxiv_id(wanted), identity.doi(wanted)
    return [*([f"arxiv:{arxiv[0]}"] if arxiv else []), *([f"doi:{doi}"] if doi else [])]


def _holds(one: Edition, paper: PaperId) -> bool:
    return any(pick.paper.id == paper for pick in one.picks)


def _horizon(app: App, period: Period) -> date | None:
    horizon = app.settings.repeat_horizon
    return period.start - horizon if horizon else None
