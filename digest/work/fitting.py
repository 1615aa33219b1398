"""Learn what words mean in this store, now and then, and read back what was learnt: see `rank.lsa`."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import structlog

from digest.app import App
from digest.config.checks import duration
from digest.model import FittedSpace
from digest.rank import Space, lsa
from digest.work.counting import corpus_of

# A store this small is learnt from on the spot, each time: that takes less than a second, and is never out of date.
SMALL = 500

log = structlog.get_logger()


def fit_when_due(app: App) -> bool:
    """Learn from the store anew when that is due; return whether it was.

    A store that is not small is learnt from when it never was, has doubled since, or has grown and
    `rank.refit_every` has passed.
    """
    papers = corpus_of(app).papers
    if papers <= SMALL or not _due(app, papers):
        return False
    fit(app)
    return True


def fit(app: App) -> FittedSpace:
    """Learn from the newest papers, and keep what was learnt."""
    now = app.now()
    learnt = lsa.fit(app.store.newest_papers(lsa.SAMPLE, until=now))
    kept = FittedSpace(fitted=now, papers=corpus_of(app).papers, content=lsa.encode(learnt))
    app.store.save_space(kept)
    log.info("fitted", papers=learnt.papers, terms=len(learnt.terms), dimensions=learnt.basis.shape[1])
    return kept


def space_of(app: App, as_of: datetime) -> Space:
    """Return what was known of words at a moment; of a small store, what its papers say then.

    A large store that was never learnt from has an empty space: words alone decide.
    """
    kept = app.store.space(at=as_of)
    if kept and kept.fitted <= as_of:
        return _read(kept.content)
    papers = app.store.newest_papers(SMALL + 1, until=as_of)
    if len(papers) <= SMALL:
        return lsa.fit(papers)
    return _read(kept.content) if kept else lsa.fit(())


def _due(app: App, papers: int) -> bool:
    last = app.store.space_fitted()
    if last is None:
        return True
    fitted, then = last
    return papers >= 2 * then or (papers > then and app.now() - fitted >= duration(app.settings.rank.refit_every))


@lru_cache(maxsize=2)
def _read(content: bytes) -> Space:
    return lsa.decode(content)
