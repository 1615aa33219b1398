"""The base of all values, and the ids."""

from __future__ import annotations

from typing import NewType, dataclass_transform

from msgspec import Struct

SourceId = NewType("SourceId", str)
PaperId = NewType("PaperId", str)
TopicId = NewType("TopicId", str)
EditionId = NewType("EditionId", str)
SubscriberId = NewType("SubscriberId", str)
DigestId = NewType("DigestId", str)
DeliveryId = NewType("DeliveryId", str)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value: compared by content, never changed."""
