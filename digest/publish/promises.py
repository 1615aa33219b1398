"""When mails come back that could not wait for their turn: each later than the one before, letters first. Pure."""

from __future__ import annotations

from collections import deque
from math import inf

# Mails that come back within so many seconds are few, and whoever holds them need not give them out of hand.
SOON = 5.0
# A letter that has not come so long after the opening that was kept for it has lost it.
LATE = 10.0


class Promises:
    """Openings of a flow that are given away. `gap` is how far apart its openings are, in seconds.

    Letters get every other of the next openings, however many digests were told before to come back.
    """

    def __init__(self) -> None:
        self._soon = self._last = -inf
        self._letters: deque[float] = deque()

    def __bool__(self) -> bool:
        """Say whether an opening is kept for a letter."""
        return bool(self._letters)

    def digest(self, opens: float, gap: float, now: float) -> float:
        """Return when a digest should come back: soon, as long as few were told so, else when all others have.

        Who comes back too early or late finds his opening gone; at the end of all he would leave the next ones empty.
        """
        soon = max(self._soon + gap, opens)
        if soon <= now + SOON:
            self._soon = soon
            return soon
        self._last = max(self._last + gap, self._soon + gap, opens)
        return self._last

    def letter(self, opens: float, gap: float) -> float:
        """Return when a letter should come back; that opening is kept for it."""
        self._letters.append(max(opens, self._letters[-1] + 2 * gap if self._letters else opens))
        return self._letters[-1]

    def came(self) -> None:
        """Know that a letter went."""
        if self._letters:
            self._letters.popleft()

    def left(self, opens: float, gap: float, now: float) -> float:
        """Return when a digest may go if a letter may at `opens`."""
        while self._letters and self._letters[0] + LATE < now:
            self._letters.popleft()
        if not self._letters or opens + gap <= self._letters[0]:
            return opens
        return max(opens, self._letters[0]) + gap
