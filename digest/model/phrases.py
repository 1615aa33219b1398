"""What we say of papers and sources, kept so that it can be said in any language."""

from __future__ import annotations

from msgspec import field

from digest.model.values import Value

Datum = int | float | str | tuple[str, ...]


class Phrase(Value):
    """An English `message` with {fields}, and the `values` that fill them; `plural` is for where `n` is not one.

    A field may say how its value is written: {words:quoted}, {names:listed} and {names:sources} are several,
    {day:weekday} and {day:day} a day as ISO text. The message is what a translation goes by: a frozen phrase says the
    same when code has long found better words.
    """

    message: str
    plural: str | None = None
    values: dict[str, Datum] = field(default_factory=dict)


def phrase(message: str, plural: str | None = None, /, **values: Datum) -> Phrase:
    """Return a phrase. Its messages are written out where this is called, for there the catalogues' test finds them."""
    return Phrase(message=message, plural=plural, values=values)
