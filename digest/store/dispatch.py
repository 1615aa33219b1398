"""Planning and claiming deliveries, leases and switches in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from datetime import datetime

from msgspec import json
from msgspec.structs import asdict

from digest.model import (
    DELIVERY_MOVES,
    Cadence,
    Delivery,
    DeliveryId,
    DeliveryState,
    DigestId,
    Segment,
    Standing,
)
from digest.store import rows, sql
from digest.store.base import Dispatch
from digest.store.parts import Part, origins


class SqlDispatch(Part, Dispatch):
    def send_times(self) -> list[tuple[Cadence, str, int]]:
        return [(Cadence(row["cadence"]), row["zone"], row["send_hour"]) for row in self._db.rows(sql.SEND_TIMES)]

    def segments(self, cadence: Cadence, zone: str, send_hour: int, *, slot: str, due: datetime) -> list[Segment]:
        given = {"cadence": cadence, "zone": zone, "send_hour": send_hour, "slot": slot, "due": due}
        return self._all(Segment, sql.SEGMENTS, **given)

    def domains(self, segment: Segment, *, slot: str) -> dict[str, int]:
        given = {**asdict(segment), "topics": _topics(segment.topics), "slot": slot}
        return {row["domain"]: row["readers"] for row in self._db.rows(sql.DOMAINS, **given)}

    def plan_segment(
        self,
        segment: Segment,
        *,
        slot: str,
        due: datetime,
        covers: datetime,
        now: datetime,
        state: DeliveryState = DeliveryState.QUEUED,
        digest_id: DigestId | None = None,
        reply: str | None = None,
    ) -> int:
        given = {**asdict(segment), "topics": _topics(segment.topics), "slot": slot}
        with self._db.transaction():
            planned = self._db.run(
                sql.PLAN_SEGMENT, **given, due=due, state=state, digest_id=digest_id, reply=reply, now=now
            )
            self._db.run(sql.COVER_SEGMENT, **given, covers=covers)
        return planned

    def claim(self, *, limit: int, now: datetime, until: datetime) -> list[Delivery]:
        with self._db.transaction():
            return self._all(Delivery, sql.CLAIM, limit=limit, now=now, until=until)

    def standing(self, delivery_id: DeliveryId, *, address_hash: str) -> Standing | None:
        return self._first(Standing, sql.STANDING, id=delivery_id, address_hash=address_hash)

    def admit(
        self, delivery: Delivery, *, to: DeliveryState, message_id: str | None, until: datetime, now: datetime
    ) -> bool:
        given = {"id": delivery.id, "fence": delivery.fence, "to": to, "message_id": message_id}
        return self._db.run(sql.ENTER, **given, until=until, now=now) > 0

    def finish(
        self,
        delivery: Delivery,
        *,
        to: DeliveryState,
        now: datetime,
        reply: str | None = None,
        next_try: datetime | None = None,
        uncertain: bool = False,
    ) -> bool:
        given = {"id": delivery.id, "fence": delivery.fence, "to": to, "reply": reply, "next_try": next_try}
        legal = origins(to, DELIVERY_MOVES)
        return self._db.run(sql.FINISH, **given, uncertain=int(uncertain), legal=legal, now=now) > 0

    def release(self, delivery: Delivery, *, now: datetime) -> bool:
        return self._db.run(sql.RELEASE, id=delivery.id, fence=delivery.fence, now=now) > 0

    def lapsed(self, *, now: datetime) -> list[Delivery]:
        return self._all(Delivery, sql.LAPSED, now=now)

    def books(self) -> dict[str, dict[DeliveryState, int]]:
        found: dict[str, dict[DeliveryState, int]] = {}
        for row in self._db.rows(sql.BOOKS):
            found.setdefault(row["slot"], {})[DeliveryState(row["state"])] = row["held"]
        return found

    def change_deliveries(self, *, to: DeliveryState, slot: str | None, now: datetime) -> int:
        # What was claimed or begun belongs to its sender, which asks before each mail.
        waiting = [state for state in origins(to, DELIVERY_MOVES) if state is not DeliveryState.CLAIMED]
        return self._db.run(sql.CHANGE_ALL, to=to, slot=slot, origins=waiting, now=now)

    def next_try(self) -> datetime | None:
        (row,) = self._db.rows(sql.NEXT_TRY)
        return rows.moment(row["at"]) if row["at"] else None

    def take_lease(self, name: str, *, holder: str, now: datetime, until: datetime) -> int | None:
        with self._db.transaction():
            found = self._db.rows(sql.TAKE_LEASE, name=name, holder=holder, now=now, until=until)
        return found[0]["fence"] if found else None

    def drop_lease(self, name: str, *, holder: str, now: datetime) -> None:
        self._db.run(sql.DROP_LEASE, name=name, holder=holder, now=now)

    def set_switch(self, name: str, value: str) -> None:
        self._db.run(sql.SET_SWITCH, name=name, value=value)

    def switch(self, name: str) -> str | None:
        found = self._db.rows(sql.SWITCH, name=name)
        return found[0]["value"] if found else None


def _topics(topics: tuple[str, ...]) -> str:
    return json.encode(topics).decode() if topics else ""
