"""Stops a slot that goes wrong: its mails, its list or our name are refused by too many."""

from __future__ import annotations

import asyncio

import structlog

from digest.app import App
from digest.model import Delivery, Value
from digest.publish.answers import Answer, Verdict
from digest.work.brake import trip, tripped
from digest.work.sending.rules import is_letter

# Enough to tell a slot that goes wrong from some readers who are gone.
FIRST = 200
_COUNTED = {Verdict.SENT, Verdict.REFUSED}

log = structlog.get_logger()


class Tally(Value):
    """The first answers to a slot's mails, and how many of them were refusals."""

    answers: int = 0
    refused: int = 0

    def plus(self, *, refused: bool) -> Tally:
        """Return the tally after another answer; what comes after the first ones does not count."""
        if self.answers >= FIRST:
            return self
        return Tally(answers=self.answers + 1, refused=self.refused + refused)

    def too_many(self, share: float) -> bool:
        """Say whether more than that share of the first answers are refusals, even if all that follow were good."""
        return self.refused > share * FIRST


_UNKNOWN = Tally()


class Breaker:
    """Pulls the brake when too many of a slot's first mails are refused for good; once for a slot."""

    def __init__(self, app: App) -> None:
        self._app, self._share = app, app.settings.smtp.refusals
        self._tallies: dict[str, Tally | None] = {}
        self._line = asyncio.Lock()

    async def heard(self, delivery: Delivery, found: Answer) -> None:
        """Count an answer, before it is written down. Raises StoreError."""
        slot = delivery.slot
        if found.verdict not in _COUNTED or is_letter(delivery) or self._tallies.get(slot, _UNKNOWN) is None:
            return
        # Who waits here while the brake is pulled begins no other mail.
        async with self._line:
            await self._count(slot, found)

    async def _count(self, slot: str, found: Answer) -> None:
        if slot not in self._tallies:
            self._tallies[slot] = await asyncio.to_thread(self._known, slot)
        if before := self._tallies[slot]:
            tally = self._tallies[slot] = before.plus(refused=found.verdict is Verdict.REFUSED)
            if bad := tally.too_many(self._share):
                await asyncio.to_thread(self._trip, slot, tally, found.reply)
            if bad or tally.answers >= FIRST:
                self._tallies[slot] = None

    def _known(self, slot: str) -> Tally | None:
        answers, refused = self._app.store.answers(slot, limit=FIRST)
        over = answers >= FIRST or tripped(self._app, slot)
        return None if over else Tally(answers=answers, refused=refused)

    def _trip(self, slot: str, tally: Tally, reply: str) -> None:
        why = f"{tally.refused} of the first {tally.answers} mails of {slot} were refused, the last with: {reply}"
        trip(self._app, slot, why)
        log.error("outbox_paused", slot=slot, refused=tally.refused, answers=tally.answers)
