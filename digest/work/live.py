"""Let papers enter the feeds that wait for no edition: *rising* and *late bloomers*, each paper once, when it crosses.

What is shown of it is kept as it was at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from digest.app import App
from digest.model import LATE, RISING, Pick, SignalKind
from digest.rank.late import DAY, DOUBTFUL, HORIZON, bloom
from digest.rank.live import LEAST, YOUNG, bloomed, risen
from digest.work.candidates import candidates

# Numbers come a few times an hour.
EVERY = timedelta(minutes=10)
_LAST = "live feeds"


def enter(app: App) -> int:
    """Look for papers that rise or bloom since the last look, if that is long enough ago. Returns how many entered."""
    now, last = app.now(), app.store.switch(_LAST)
    if last and now - datetime.fromisoformat(last) < EVERY:
        return 0
    found = {RISING: list(_risen(app, now)), LATE: list(_bloomed(app, now))}
    with app.store.transaction():
        app.store.set_switch(_LAST, now.isoformat())
        return sum(app.store.enter(feed, picks, at=now) for feed, picks in found.items())


def _risen(app: App, now: datetime) -> Iterator[Pick]:
    """Yield young papers that rise fast and are not in the feed yet, the fastest first."""
    papers = app.store.papers_between(now - YOUNG, now, as_of=now)
    numbers = app.store.numbers([paper.id for paper in papers], at=now)
    many = [paper for paper in papers if numbers.get(paper.id, {}).get(SignalKind.UPVOTES, 0) >= LEAST]
    entered = app.store.entered(RISING, [paper.id for paper in many])
    picks = map(risen, candidates(app, [paper for paper in many if paper.id not in entered], as_of=now))
    yield from sorted(filter(None, picks), key=lambda pick: (-pick.score, pick.paper.id))


def _bloomed(app: App, now: datetime) -> Iterator[Pick]:
    """Yield papers that grew far beyond their first day since yesterday and are not in the feed yet."""
    ids = app.store.grown(now - HORIZON, now - DAY, since=now - DAY, at=now, least=DOUBTFUL)
    entered = app.store.entered(LATE, ids)
    papers = app.store.papers(one for one in ids if one not in entered)
    series = app.store.series(papers, until=now)
    grown = {
        paper.id: growth for paper in papers.values() if (growth := bloom(paper, series.get(paper.id, ()), at=now))
    }
    found = candidates(app, [papers[paper_id] for paper_id in grown], as_of=now)
    picks = (bloomed(candidate, grown[candidate.paper.id]) for candidate in found)
    yield from sorted(picks, key=lambda pick: (-pick.score, pick.paper.id))
