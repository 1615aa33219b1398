"""Lists of subscribers in and out: the operator's side of subscribing, as CSV.

A subscriber takes a line for each state its topics are in. A cell that a spreadsheet would run as a formula is written
behind an apostrophe, which is taken away again on the way in.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO

from digest.app import App
from digest.errors import ConfigError
from digest.model import Cadence, Subscription, SubscriptionState, Topic, Value
from digest.work import wishes
from digest.work.personal import own_id
from digest.work.subscribing import Added, add, offered
from digest.work.wishes import RefusedError

COLUMNS = ("address", "cadence", "zone", "hour", "language", "layout", "topics", "state")
PAUSED = "paused"
_STATES = frozenset({"", PAUSED, *SubscriptionState})
_FORMULA = re.compile(r"'*[=+\-@]")
_QUOTED = re.compile(r"'+[=+\-@]")


class Imported(Value):
    """What became of the rows; `problems` says, a line each, which were left out and why."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    suppressed: int = 0
    ended: int = 0
    problems: tuple[str, ...] = ()


def read_csv(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a list; it needs a head, and in it at least the column `address`. Raises ConfigError."""
    try:
        reader = csv.DictReader(StringIO(data.decode("utf-8-sig"), newline=""), restkey="more", restval="")
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        rows = [{name: _bare(str(cell).strip()) for name, cell in row.items()} for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"this is not CSV in UTF-8: {error}") from error
    strange = sorted(set(names) - set(COLUMNS))
    if "address" not in names or strange:
        what = f"column {strange[0]!r} is unknown" if strange else "there is no column address"
        raise ConfigError(f"the list's first line: {what}", hint=f"use {','.join(COLUMNS)}")
    return rows


def import_rows(
    app: App, rows: Iterable[Mapping[str, str]], *, topics: Sequence[str] = (), confirmed: bool = False
) -> Imported:
    """Add the subscribers of a list, all in one transaction; a row that cannot be read does not stop the others.

    `topics` is for rows that name none. `confirmed` is the operator's word that who is active in the list has agreed;
    without it everybody gets a letter that asks. What was ended or is suppressed stays so.
    """
    counts: Counter[str] = Counter()
    problems = []
    with app.store.transaction():
        choice = offered(app)
        for number, row in enumerate(rows, 2):
            if row.get("state") == SubscriptionState.ENDED:
                counts["ended"] += 1
                continue
            try:
                counts[_add(app, row, topics, choice, confirmed=confirmed)] += 1
            except RefusedError as error:
                problems += [f"line {number}: {line}" for line in error.message.splitlines()]
    return Imported(**counts, problems=tuple(problems))


def add_row(app: App, row: Mapping[str, str], *, topics: Sequence[str] = (), confirmed: bool = False) -> Added:
    """Add the subscriber of one row, as `import_rows` does. Raises RefusedError."""
    return _add(app, row, topics, offered(app), confirmed=confirmed)


def export_rows(app: App) -> Iterator[dict[str, str]]:
    """Yield the subscribers as rows, by address: what is active, paused or pending, but nothing that ended.

    Readers' own topics are left out: a list says who gets what of the site's.
    """
    for one in sorted(app.store.subscribers(), key=lambda subscriber: subscriber.address):
        held = [sub for sub in app.store.subscriptions(one.id) if sub.topic_id != own_id(one.id)]
        for state in (SubscriptionState.ACTIVE, SubscriptionState.PENDING):
            topics = _topics(held, state)
            if topics:
                yield {
                    "address": one.address,
                    "cadence": one.cadence,
                    "zone": one.zone,
                    "hour": str(one.send_hour),
                    "language": one.language,
                    "layout": one.layout,
                    "topics": topics,
                    "state": PAUSED if one.paused and state is SubscriptionState.ACTIVE else state,
                }


def write_csv(rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows as a list, with its head."""
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: f"'{cell}" if _FORMULA.match(cell) else cell for name, cell in row.items()})
    return text.getvalue()


def _add(app: App, row: Mapping[str, str], topics: Sequence[str], choice: Sequence[Topic], *, confirmed: bool) -> Added:
    state = row.get("state", "")
    if state not in _STATES:
        raise RefusedError({"state": f"{state!r} is none of {', '.join(sorted(_STATES - {''}))}"})
    address, wanted = wishes.application(
        address=row["address"],
        topics=row.get("topics", "").split() or list(topics),
        cadence=row.get("cadence") or Cadence.DAILY,
        hour=row.get("hour") or "7",
        zone=row.get("zone") or app.settings.site.zone,
        offered=choice,
    )
    form = wishes.form_of(
        language=row.get("language") or app.site.language, layout=row.get("layout") or app.settings.mail.layout
    )
    return add(
        app,
        address=address,
        wanted=wanted,
        form=form,
        paused=state == PAUSED,
        confirmed=confirmed and state != SubscriptionState.PENDING,
    )


def _topics(held: Iterable[Subscription], state: SubscriptionState) -> str:
    return " ".join(one.topic_id for one in held if one.state is state)


def _bare(cell: str) -> str:
    return cell[1:] if _QUOTED.match(cell) else cell
