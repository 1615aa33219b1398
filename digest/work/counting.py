"""Document frequencies of the store's own papers, counted when ranking next wants them.

Taking papers in must be quick, and counting costs as much as all the rest of it; a ranker asks once for many batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from digest.app import App
from digest.model import Paper, PaperId
from digest.rank.bm25 import Corpus
from digest.rank.terms import stems_of
from digest.watch import Changes

# Papers counted in one transaction: a fifth of a second of other writers' patience.
_AT_ONCE = 1_000


def take_back(app: App, known: Mapping[PaperId, Paper], changes: Changes) -> list[PaperId]:
    """Uncount papers that are about to say other words, or to become another; return which are to be counted anew.

    `known` are the papers as they were. New papers are to be counted too, once they are saved.
    """
    reworded = [paper for paper in changes.papers if _words(paper) != _words(known.get(paper.id))]
    gone = {paper.id for paper in reworded}.union(changes.unions)
    before = [paper for id_ in sorted(gone) if (paper := known.get(id_))]
    if before:
        uncounted = app.store.uncounted_of(paper.id for paper in before)
        _count(app, [paper for paper in before if paper.id not in uncounted], sign=-1)
    return [paper.id for paper in reworded]


def corpus_of(app: App, terms: Iterable[str] = (), *, counted: bool = True) -> Corpus:
    """Return how many papers the store holds, their tokens, and in how many of them each of these stems stands.

    Unless `counted`, only papers that were counted before: for visitors, who must not wait, nor write.
    """
    if counted:
        catch_up(app)
    papers, tokens = app.store.corpus()
    return Corpus(papers=papers, tokens=tokens, frequencies=app.store.document_frequencies(terms))


def catch_up(app: App) -> None:
    """Count what was taken in since the last time."""
    while app.store.uncounted(limit=1):
        with app.store.transaction():
            papers = app.store.uncounted(limit=_AT_ONCE)
            _count(app, papers, sign=1)
            app.store.forget_uncounted(paper.id for paper in papers)


def _words(paper: Paper | None) -> tuple[str, str | None] | None:
    return (paper.title, paper.abstract) if paper else None


def _count(app: App, papers: Iterable[Paper], *, sign: int) -> None:
    found = [stems_of(paper) for paper in papers]
    holding = Counter(stem for stems in found for stem in set(stems))
    if found:
        app.store.count_terms(_signed(holding, sign), papers=sign * len(found), tokens=sign * sum(map(len, found)))


def _signed(holding: Mapping[str, int], sign: int) -> dict[str, int]:
    return {term: sign * number for term, number in sorted(holding.items())}
