"""SMTP as it goes over an open connection: a whole envelope in one write (RFC 2920), then the text.

That is two round trips a mail instead of four. We mark the phases ourselves, because only they tell whether a mail
whose answer was lost can have arrived: before its text was written it cannot.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from digest.publish.answers import Answer, Verdict, answer
from digest.publish.envelope import Abilities
from digest.publish.replies import Replies, Reply

# RFC 5321, 4.5.3.2.6: a relay may take ten minutes over the final dot; who gives up sooner makes duplicates.
AT_THE_DOT = timedelta(minutes=10)
_GOODBYE = timedelta(seconds=2)


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
            refusal = await self._offered(mail, rcpt)
            return refusal or await self._handed_over(text)
        except BaseException:
            # A cancelled mail leaves the connection in the middle of a text.
            self.drop("given up")
            raise

    async def quit(self) -> None:
        """Say goodbye, briefly."""
        if self.usable:
            await self._answers(b"QUIT\r\n", 1, within=_GOODBYE.total_seconds())
        self.drop("closed")

    def drop(self, why: str) -> None:
        """Leave without a word."""
        self._lose(why)
        self._wake()

    # The phases of a mail

    async def _offered(self, mail: bytes, rcpt: bytes) -> Answer | None:
        """Say the envelope. Returns why the text may not follow; a loss here is no uncertainty."""
        first = [b"RSET\r\n"] if self._unfinished else []
        said = await self._said([*first, mail, rcpt, b"DATA\r\n"])
        self._unfinished = True
        *before, data = [*said, None, None, None, None][: len(first) + 3]
        refused = next((reply for reply in before if reply and not 200 <= reply.code < 300), None)
        if refused is None and data and data.code == 354:
            return None
        return self._not_begun(refused or data, began=bool(data and data.code == 354))

    def _not_begun(self, reply: Reply | None, *, began: bool) -> Answer:
        if reply is None:
            return Answer(verdict=Verdict.TEMPORARY, reply=f"no answer: {self._lost}", closes=True)
        # A relay that takes a text for nobody must be left (RFC 2920, 3.1), as must one that answers out of turn.
        out_of_turn = not 400 <= reply.code < 600
        found = answer(reply.code, reply.text)
        if out_of_turn:
            found = Answer(verdict=Verdict.TEMPORARY, reply=f"out of turn: {found.reply}", closes=True)
        if began or found.closes:
            self.drop(found.reply)
        return found

    async def _handed_over(self, text: bytes) -> Answer:
        """Write the text. From here on only an answer tells what became of it."""
        reply = next(iter(await self._answers(text, 1, within=self._at_the_dot)), None)
        unsent = self._transport.get_write_buffer_size()
        if reply is None or (unsent and reply.code < 400):
            self.drop("an answer before the end of the text")
            return Answer(verdict=Verdict.UNCERTAIN, reply=f"no answer: {self._lost}", closes=True)
        self._unfinished = False
        found = answer(reply.code, reply.text)
        if unsent or found.closes:
            self.drop(found.reply)
        return found

    async def _said(self, lines: list[bytes]) -> list[Reply]:
        """Return the answers to some commands, all that came; without PIPELINING as far as the relay agrees."""
        if self.abilities.pipelining:
            return await self._answers(b"".join(lines), len(lines), within=self._patience)
        found: list[Reply] = []
        for line in lines:
            replies = await self._answers(line, 1, within=self._patience)
            found += replies
            if not replies or replies[0].code >= 400:
                break
        return found

    async def _answers(self, data: bytes, count: int, *, within: float) -> list[Reply]:
        """Write, and return so many replies; fewer if the connection is lost before."""
        if self._lost is None:
            self._wanted, self._waiter = count, self._loop.create_future()
            self._wait_until(self._loop.time() + within)
            self._transport.write(data)
            await self._waiter
        self._waiter, found, self._came = None, self._came, []
        return found

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
        if len(self._came) >= self._wanted or self._lost:
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
