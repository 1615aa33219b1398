"""What crosses a line between two editions: papers that rise fast, and papers that bloom late."""

from __future__ import annotations

from datetime import timedelta

from digest.model import Pick, SignalKind, phrase
from digest.rank import Candidate
from digest.rank.late import Growth
from digest.rank.trend import HOUR

# Who is older rises no more.
YOUNG = timedelta(days=2)
# Ten votes are no accident, and two an hour, counted less with age, are what few papers of a list's day ever get.
LEAST, SPEED = 10, 2.0


def risen(candidate: Candidate) -> Pick | None:
    """Return a paper that rises fast as a pick with the numbers that say so, or None."""
    votes, known = candidate.numbers.get(SignalKind.UPVOTES, 0), candidate.crowd
    if votes < LEAST or known.rising < SPEED:
        return None
    reasons = [phrase("{n} upvote", "{n} upvotes", n=votes), phrase("{pace} an hour now", pace=round(known.pace, 1))]
    if known.over and known.gained:
        hours = max(1, round(known.over / HOUR))
        reasons.insert(
            1, phrase("{gained} of them in an hour", "{gained} of them in {n} hours", gained=known.gained, n=hours)
        )
    return Pick(
        paper=candidate.paper,
        rank=1,
        score=known.rising,
        parts=(),
        reasons=tuple(reasons),
        numbers=dict(candidate.numbers),
    )


def bloomed(candidate: Candidate, growth: Growth) -> Pick:
    """Return a late bloomer as a pick with the numbers that say so."""
    return Pick(
        paper=candidate.paper,
        rank=1,
        score=growth.surprise,
        parts=(),
        reasons=(growth.reason,),
        numbers=dict(candidate.numbers),
    )
