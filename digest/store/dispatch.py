"""Planning and claiming deliveries, leases and switches in SQL. What each method promises stands in `base`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import json
from msgspec.structs import asdict

from digest.model import (
    DELIVERY_MOVES,
    OPEN_DELIVERIES,
    Begun,
    Cadence,
    Delivery,
    DeliveryId,
    DeliveryState,
    DigestId,
    Ended,
    Segment,
    Standing,
    SubscriberId,
)
from digest.store import rows
from digest.store.base import Dispatch
from digest.store.parts import Part, origins
from digest.store.sql import mail as sql


class SqlDispatch(Part, Dispatch):
    def send_times(self) -> list[tuple[Cadence, str, int]]:
        return [(Cadence(row["cadence"]), row["zone"], row["send_hour"]) for row in self._db.rows(sql.SEND_TIMES)]

    def segments(self, cadence: Cadence, zone: str, send_hour: int, *, slot: str, due: datetime) -> list[Segment]:
        time = {"cadence": cadence, "zone": zone, "send_hour": send_hour}
        found = self._db.rows(sql.SEGMENTS, **time, slot=slot, due=due)
        return [rows.read(Segment, {**time, **row}) for row in found]

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
        next_try: datetime | None = None,
        vanguard: Sequence[SubscriberId] = (),
    ) -> int:
        given = {**asdict(segment), "topics": _topics(segment.topics), "slot": slot}
        waits = {"next_try": next_try, "vanguard": list(vanguard)}
        with self._db.transaction():
            planned = self._db.run(
                sql.PLAN_SEGMENT, **given, **waits, due=due, state=state, digest_id=digest_id, reply=reply, now=now
            )
            self._db.run(sql.COVER_SEGMENT, **given, covers=covers)
        return planned

    def claim(self, *, limit: int, now: datetime, until: datetime) -> list[Delivery]:
        with self._db.transaction():
            claimed = self._all(Delivery, sql.CLAIM, limit=limit, now=now, until=until)
        # Rows come back in any order.
        return sorted(claimed, key=lambda one: (one.digest_id is not None, one.next_try or one.due, one.id))

    def standings(self, address_hashes: Mapping[DeliveryId, str]) -> dict[DeliveryId, Standing]:
        hashes = list(address_hashes.values())
        found = self._db.rows(sql.SUPPRESSIONS, hashes=hashes) if hashes else []
        suppressed = {row["address_hash"]: row["reason"] for row in found}
        asked = self._db.rows(sql.STANDINGS, ids=list(address_hashes))
        given = ({**row, "suppression": suppressed.get(address_hashes[row["id"]])} for row in asked)
        return {one.id: one for one in (rows.read(Standing, row) for row in given)}

    def admit(self, begun: Iterable[Begun], *, until: datetime, now: datetime) -> int:
        times = {"until": rows.instant(until), "now": rows.instant(now)}
        given = [{**rows.of_value(one), **times} for one in begun]
        return self._db.many(sql.ADMIT, given) if given else 0

    def finish(self, ended: Iterable[Ended], *, now: datetime) -> int:
        given, moment = dict[str, list[dict[str, object]]](), rows.instant(now)
        for one in ended:
            given.setdefault(one.to.value, []).append({**rows.of_value(one), "to": one.to.value, "now": moment})
        with self._db.transaction():
            return sum(self._db.many(_FINISH[to], them) for to, them in given.items())

    def release(self, delivery: Delivery, *, now: datetime, next_try: datetime | None = None) -> bool:
        return self._db.run(sql.RELEASE, id=delivery.id, fence=delivery.fence, next_try=next_try, now=now) > 0

    def renew(self, deliveries: Iterable[Delivery], *, until: datetime) -> int:
        return self._db.many(sql.RENEW, ({"id": one.id, "fence": one.fence, "until": until} for one in deliveries))

    def lapsed(self, *, now: datetime) -> list[Delivery]:
        return self._all(Delivery, sql.LAPSED, now=now)

    def books(self) -> dict[str, dict[DeliveryState, int]]:
        found: dict[str, dict[DeliveryState, int]] = {}
        for row in self._db.rows(sql.BOOKS):
            found.setdefault(row["slot"], {})[DeliveryState(row["state"])] = row["held"]
        return found

    def change_deliveries(self, *, to: DeliveryState, slot: str | None, now: datetime) -> int:
        # What was claimed belongs to its sender, which asks before each mail and so learns that it is cancelled.
        waiting = [
            one for one in origins(to, DELIVERY_MOVES) if one != DeliveryState.CLAIMED or to not in OPEN_DELIVERIES
        ]
        if slot is None:
            return self._db.run(sql.CHANGE_ALL, to=to, origins=waiting, now=now)
        return self._db.run(sql.CHANGE_SLOT, to=to, slot=slot, origins=waiting, now=now)

    def answers(self, slot: str, *, limit: int) -> tuple[int, int]:
        (row,) = self._db.rows(sql.ANSWERS, slot=slot, limit=limit)
        return int(row["answers"]), int(row["refused"])

    def next_try(self) -> datetime | None:
        (row,) = self._db.rows(sql.NEXT_TRY)
        return rows.moment(row["at"]) if row["at"] else None

    def take_lease(self, name: str, *, holder: str, now: datetime, until: datetime) -> int | None:
        with self._db.transaction():
            found = self._db.rows(sql.TAKE_LEASE, name=name, holder=holder, now=now, until=until)
        return found[0]["fence"] if found else None

    def drop_lease(self, name: str, *, holder: str, now: datetime) -> None:
        self._db.run(sql.DROP_LEASE, name=name, holder=holder, now=now)

    def leases(self, prefix: str, *, now: datetime) -> list[str]:
        return [row["name"] for row in self._db.rows(sql.LEASES, names=f"{prefix}%", now=now)]

    def set_switch(self, name: str, value: str) -> None:
        self._db.run(sql.SET_SWITCH, name=name, value=value)

    def switch(self, name: str) -> str | None:
        found = self._db.rows(sql.SWITCH, name=name)
        return found[0]["value"] if found else None


def _finish(to: DeliveryState) -> str:
    # SQLite makes a list anew for each mail.
    legal = " or ".join(f"state = '{origin}'" for origin in origins(to, DELIVERY_MOVES))
    return sql.FINISH.format(legal=legal or "false")


_FINISH = {state.value: _finish(state) for state in DeliveryState}


def _topics(topics: tuple[str, ...]) -> str:
    return json.encode(topics).decode() if topics else ""
