"""SMTP as it goes over an open connection: a whole envelope in one write (RFC 2920), then the text.

That is two round trips a mail instead of four. We mark the phases ourselves, because only they tell whether a mail
whose answer was lost can have arrived: before its text was written it cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

from digest.publish.answers import Answer, Verdict, answer
from digest.publish.envelope import Abilities
from digest.publish.replies import Replies, Reply

# RFC 5321, 4.5.3.2.6: a relay may take ten minutes over the final dot; who gives up sooner makes duplicates.
AT_THE_DOT = timedelta(minutes=10)
_GOODBYE = timedelta(seconds=2)
_GO_ON = 354
# Relays say the same again and again.
_meaning = lru_cache(maxsize=64)(answer)


class Wire(asyncio.Protocol):
    """A connection that is greeted and, if need be, logged in. Not for two mails at once.

    `timeout` is how long one answer may take, `at_the_dot` that to a mail's end.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        abilities: Abilities,
        *,
        timeout: timedelta,
        at_the_dot: timedelta = AT_THE_DOT,
    ) -> None:
        self._transport, self.abilities = transport, abilities
        self._loop = asyncio.get_running_loop()
        self._patience, self._at_the_dot = timeout.total_seconds(), at_the_dot.total_seconds()
        self._replies, self._came = Replies(), list[Reply]()
        self._waiter: asyncio.Future[None] | None = None
        self._wanted = 0
        self._text: bytes | None = None
        self._begun = False
        self._ends = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._lost: str | None = None
        self._unfinished = False
        transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        """Say whether a mail may be begun on it."""
        return self._lost is None and not self._transport.is_closing()

    async def deliver(self, mail: bytes, rcpt: bytes, text: bytes) -> Answer:
        """Say MAIL, RCPT and DATA and, if the relay agrees, the text, which ends with its dot."""
        try:
            said = await self._said([b"RSET\r\n"] * self._unfinished + [mail, rcpt, b"DATA\r\n"], text)
            return self._handed_over(said) if self._begun else self._not_begun(said)
        except BaseException:
            # A cancelled mail leaves the connection in the middle of a text.
            self.drop("given up")
            raise

    async def quit(self) -> None:
        """Say goodbye, briefly."""
        try:
            if self.usable:
                await self._answers(b"QUIT\r\n", 1, within=_GOODBYE.total_seconds())
        finally:
            # uvloop does not close while a connection is open.
            self.drop("closed")

    def drop(self, why: str) -> None:
        """Leave without a word."""
        self._lose(why)
        self._wake()

    # The phases of a mail

    async def _said(self, lines: list[bytes], text: bytes) -> list[Reply]:
        """Say the envelope and, if all of it is taken, the text. Returns the answers to the one, or that to the other.

        Without PIPELINING each line waits for the answer to the one before.
        """
        self._unfinished, self._begun = True, False
        if self.abilities.pipelining:
            return await self._answers(b"".join(lines), len(lines), within=self._patience, then=text)
        found: list[Reply] = []
        for line in lines[:-1]:
            found += await self._answers(line, 1, within=self._patience)
            if not found or not _taken(found):
                return found
        return await self._answers(lines[-1], 1, within=self._patience, then=text) if self._lost is None else []

    def _not_begun(self, said: list[Reply]) -> Answer:
        """Return why the text did not follow; a loss here is no uncertainty."""
        refused = (one for one in said if not _taken([one]) and one.code != _GO_ON)
        reply = next(refused, None if self._lost else said[-1])
        if reply is None:
            return Answer(verdict=Verdict.TEMPORARY, reply=f"no answer: {self._lost}", closes=True)
        # A relay that takes a text for nobody must be left (RFC 2920, 3.1), as must one that answers out of turn.
        out_of_turn, began = not 400 <= reply.code < 600, said[-1].code == _GO_ON
        found = _meaning(reply.code, reply.text)
        if out_of_turn:
            found = Answer(verdict=Verdict.TEMPORARY, reply=f"out of turn: {found.reply}", closes=True)
        if began or found.closes:
            self.drop(found.reply)
        return found

    def _handed_over(self, said: list[Reply]) -> Answer:
        """Return what became of a text: only an answer tells."""
        reply = said[0] if said else None
        unsent = self._transport.get_write_buffer_size()
        if reply is None or (unsent and reply.code < 400):
            self.drop("an answer before the end of the text")
            return Answer(verdict=Verdict.UNCERTAIN, reply=f"no answer: {self._lost}", closes=True)
        self._unfinished = False
        found = _meaning(reply.code, reply.text)
        if unsent or found.closes:
            self.drop(found.reply)
        return found

    async def _answers(self, data: bytes, count: int, *, within: float, then: bytes | None = None) -> list[Reply]:
        """Write, and return so many replies; fewer if the connection is lost before.

        `then` is a text that follows at once if they are as hoped; the reply to it is returned instead of them.
        """
        if self._lost is None:
            self._wanted, self._waiter, self._text = count, self._loop.create_future(), then
            self._wait_until(self._loop.time() + within)
            self._transport.write(data)
            await self._waiter
        self._waiter, self._text, found, self._came = None, None, self._came, []
        return found

    def _go_on(self, text: bytes) -> None:
        """Write the text. From here on only an answer tells what became of it."""
        self._begun, self._text, self._came, self._wanted = True, None, [], 1
        self._wait_until(self._loop.time() + self._at_the_dot)
        self._transport.write(text)

    # Time. One alarm is set again only when it rings: an own one for each answer would cost as much as the answer.

    def _wait_until(self, ends: float) -> None:
        self._ends = ends
        if self._alarm and self._alarm.when() > ends:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None:
            self._alarm = self._loop.call_at(ends, self._rung)

    def _rung(self) -> None:
        self._alarm = None
        if self._waiter and self._loop.time() >= self._ends:
            self.drop("out of time")
        elif self._waiter:
            self._alarm = self._loop.call_at(self._ends, self._rung)

    # What the connection tells

    def data_received(self, data: bytes) -> None:
        self._came += self._replies.read(data)
        if self._waiter is None or len(self._came) > self._wanted:
            # An answer too many could be taken for that to the next mail.
            del self._came[self._wanted if self._waiter else 0 :]
            self._lose("an answer that nobody asked for")
        elif self._replies.broken:
            self._lose(self._replies.broken)
        if self._lost:
            self._wake()
        elif len(self._came) == self._wanted:
            if self._text and self._came[-1].code == _GO_ON and _taken(self._came[:-1]):
                self._go_on(self._text)
            else:
                self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = self._lost or (type(exc).__name__ if exc else "the relay hung up")
        if self._alarm:
            self._alarm.cancel()
        self._wake()

    def _lose(self, why: str) -> None:
        self._lost = self._lost or why
        self._transport.abort()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


def _taken(said: Sequence[Reply]) -> bool:
    return all(200 <= one.code < 300 for one in said)
