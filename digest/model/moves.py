"""Legal moves: from each state, where it may go."""

from __future__ import annotations

from digest.model.editions import EditionState
from digest.model.readers import DeliveryState, SubscriptionState

EDITION_MOVES: dict[EditionState, frozenset[EditionState]] = {
    EditionState.DRAFT: frozenset({EditionState.RELEASED}),
    EditionState.RELEASED: frozenset(),
}

SUBSCRIPTION_MOVES: dict[SubscriptionState, frozenset[SubscriptionState]] = {
    SubscriptionState.PENDING: frozenset({SubscriptionState.ACTIVE, SubscriptionState.ENDED}),
    SubscriptionState.ACTIVE: frozenset({SubscriptionState.ENDED}),
    SubscriptionState.ENDED: frozenset({SubscriptionState.PENDING}),
}

_D = DeliveryState
_NEVER_BEGUN = {_D.SUPPRESSED, _D.CANCELLED, _D.SKIPPED}

DELIVERY_MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    _D.QUEUED: frozenset({_D.CLAIMED} | _NEVER_BEGUN),
    # A claim whose lease ended goes back to the queue; RCPT may be refused before the text is sent.
    _D.CLAIMED: frozenset({_D.QUEUED, _D.IN_DATA, _D.DEFERRED, _D.REFUSED, _D.PARKED} | _NEVER_BEGUN),
    # No way back to queued: after the text began only the relay's answer, one resend or a person settles it.
    _D.IN_DATA: frozenset({_D.SENT, _D.REFUSED, _D.DEFERRED, _D.PARKED}),
    _D.DEFERRED: frozenset({_D.CLAIMED, _D.PARKED} | _NEVER_BEGUN),
    _D.PARKED: frozenset({_D.QUEUED, _D.CANCELLED}),
    _D.SENT: frozenset(),
    _D.REFUSED: frozenset(),
    _D.SUPPRESSED: frozenset(),
    _D.CANCELLED: frozenset(),
    _D.SKIPPED: frozenset(),
}

OPEN_DELIVERIES = frozenset({_D.QUEUED, _D.CLAIMED, _D.IN_DATA, _D.DEFERRED})
FINAL_DELIVERIES = frozenset(DeliveryState) - OPEN_DELIVERIES
