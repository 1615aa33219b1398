"""What a part of the gate came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from digest.model import Value


class Report(Value):
    """How many cases were tried from which seed, what was wrong, and figures to know. No case is no success."""

    cases: int
    faults: tuple[str, ...] = ()
    figures: str = ""
    seed: int | None = None

    @property
    def green(self) -> bool:
        return self.cases > 0 and not self.faults


# A part, run in a size of its own measure.
Part = Callable[[int], Report]


def unfair(
    came: Iterable[str], readers: Iterable[str], *, doubted: Iterable[str] = (), parked: Iterable[str] = ()
) -> list[str]:
    """Return who was forgotten, and who was mailed twice although no answer to a mail of theirs was lost."""
    copies, wanted, doubted = Counter(came), set(readers), set(doubted)
    found = [f"{one} was forgotten" for one in sorted(wanted - copies.keys() - set(parked))]
    found += [f"{one} was mailed but not due" for one in sorted(copies.keys() - wanted)]
    return found + [
        f"{one} was mailed {count} times"
        for one, count in sorted(copies.items())
        if count > (2 if one in doubted else 1)
    ]
