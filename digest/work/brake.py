"""The brake: mail that a person, or too many refusals, stops at once in every process.

It stands in the store, and is asked before each mail begins.
"""

from __future__ import annotations

from digest.app import App
from digest.model import OPEN_DELIVERIES, DeliveryState
from digest.work import watermark

_OUTBOX, _WHY = "outbox", "outbox paused"


def paused(app: App) -> str | None:
    """Return why no mail may begin; None if it may."""
    if app.store.switch(_OUTBOX) != "paused":
        return None
    return app.store.switch(_WHY) or "by hand"


def waiting(app: App) -> int:
    """Return how many mails are in the books and not settled."""
    return sum(states.get(state, 0) for states in app.store.books().values() for state in OPEN_DELIVERIES)


def pause(app: App, why: str = "by hand") -> None:
    """Let no mail begin any more."""
    with app.store.transaction():
        app.store.set_switch(_OUTBOX, "paused")
        app.store.set_switch(_WHY, why)


def trip(app: App, slot: str, why: str) -> None:
    """Pause because of a slot; a person who lets it go on has seen why, and it trips no more."""
    with app.store.transaction():
        app.store.set_switch(_tripped(slot), "tripped")
        pause(app, why)


def tripped(app: App, slot: str) -> bool:
    """Say whether a slot tripped before."""
    return app.store.switch(_tripped(slot)) == "tripped"


def resume(app: App) -> None:
    """Let mail begin again."""
    watermark.accept(app)
    app.store.set_switch(_OUTBOX, "open")


def cancel(app: App, slot: str) -> int:
    """Cancel a slot: what waits, what is claimed, and for readers whose hour is still to come. Returns how many."""
    with app.store.transaction():
        app.store.set_switch(_slot(slot), "cancelled")
        return app.store.change_deliveries(to=DeliveryState.CANCELLED, slot=slot, now=app.now())


def retry(app: App, slot: str | None) -> int:
    """Queue what is parked once more, of a slot or of all; a cancelled slot goes on for readers still to come."""
    with app.store.transaction():
        if slot:
            app.store.set_switch(_slot(slot), "open")
        return app.store.change_deliveries(to=DeliveryState.QUEUED, slot=slot, now=app.now())


def cancelled(app: App, slot: str) -> bool:
    """Say whether a slot was cancelled."""
    return app.store.switch(_slot(slot)) == "cancelled"


def _slot(slot: str) -> str:
    return f"slot {slot}"


def _tripped(slot: str) -> str:
    return f"tripped {slot}"
