"""The daily list of Hugging Face, as its API gives it (huggingface.co/api/daily_papers): papers with their votes.

A row and the paper in it say some things twice, and every member but the paper's id may be absent. The machine-written
summary is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from digest import identity, text
from digest.errors import SourceError
from digest.model import Batch, Observation, SignalKind, Source
from digest.sources import dates
from digest.sources.addresses import asked, onward, parameter
from digest.sources.base import Ask, Reach
from digest.sources.draft import Draft, base_of, batch, wording
from digest.sources.json import BEFORE, answer, drafted, is_count, items_of, lost_zero, opens, string

_PAPER = re.compile(rb'"paper"\s*:\s*\{')
_PAGE = "https://huggingface.co/papers/"
_PER_PAGE = "100"
_PERIODS = ("date", "week", "month")
# So many lists at most are asked for one by one; beyond, by the next longer period.
_MOST_DAYS, _MOST_WEEKS = timedelta(days=15), timedelta(weeks=10)


class DailyPapersAdapter:
    """The current list, and those of the days back to where the last poll was complete."""

    kind = "daily-papers"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        """See `Adapter`: an address that names a period or a submitter is asked for that alone.

        Papers are put on the list all day long, so that yesterday's is read whole once more; older ones hold
        something new only after a gap.
        """
        if not source.url:
            return ()
        url = asked(source.url, limit=parameter(source.url, "limit") or _PER_PAGE)
        current = Ask(url=url, whole=True)
        if any(parameter(url, name) for name in (*_PERIODS, "submitter")):
            return (current,)
        return (current, *_earlier(url, reach))


def _earlier(url: str, reach: Reach) -> Iterator[Ask]:
    """Yield what was listed before today, the newest first: a list of the future would be answered by an error."""
    yesterday = reach.now.date() - timedelta(days=1)
    name, spelling = _period(reach)
    since = reach.since.date()
    days = [yesterday - timedelta(days=back) for back in range((yesterday - since).days + 1)]
    for number, label in enumerate(dict.fromkeys(spelling(day) for day in days)):
        yield Ask(url=asked(url, **{name: label}), whole=reach.gap or number == 0)


def _period(reach: Reach) -> tuple[str, Any]:
    span = reach.now - reach.since
    if span <= _MOST_DAYS:
        return "date", date.isoformat
    return ("week", _week) if span <= _MOST_WEEKS else ("month", _month)


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


class DailyPapersReader:
    """The answer of the daily-papers API."""

    format = "daily-papers"

    def sniff(self, data: bytes, name: str) -> bool:
        """See `Reader`: a list of rows with a paper in them; an empty list only where its address says what it is."""
        if not opens(data, b"["):
            return False
        return _PAPER.search(data) is not None or ("daily_papers" in name and data.strip(BEFORE) == b"[]")

    def parse(self, data: bytes, *, source: Source, name: str) -> Batch:
        """See `Reader`. Raises SourceError if there are rows, but none is a paper."""
        rows, base = answer(data, name), base_of(source, name)
        listed = parameter(name, "date")
        read = batch(
            drafted(rows, lambda row, where: _draft(row, where, base, listed)),
            source=source,
            kind=self.format,
            next=_next(name) if rows else None,
        )
        if rows and not read.entries:
            hint = "Digest reads the daily papers of Hugging Face, JSON Feed and JSON Lines"
            raise SourceError(f"cannot read {name}: no row is a paper: {read.problems[0]}", hint=hint)
        return read


def _next(name: str) -> str | None:
    """Return the page after this one: only an empty one says that there are no more."""
    page = parameter(name, "p") or "0"
    if "daily_papers" not in name or not page.isdecimal() or len(page) > 4:
        return None
    return onward(asked(name, p=str(int(page) + 1)), None)


def _draft(row: dict[str, Any], where: str, base: str | None, day: str) -> Draft | str:
    paper = row.get("paper")
    if not isinstance(paper, dict):
        return f"{where}: no paper"
    if isinstance(paper.get("id"), int | float):
        return f"{where}: {lost_zero(paper['id'])}"
    given = string(paper, "id").strip()
    page = _PAGE + quote(given, safe="", errors="replace") if given else ""
    return Draft(
        where=where,
        title=wording(string(paper, "title") or string(row, "title"), text.plain),
        abstract=wording(string(paper, "summary") or string(row, "summary"), text.plain),
        id=given,
        link="" if identity.arxiv_id(given) else page,
        base=base,
        code=string(paper, "githubRepo"),
        project=string(paper, "projectPage"),
        discussion=page,
        authors=tuple(_authors(paper)),
        submitted=dates.parse(string(paper, "publishedAt")),
        # Not the row's `publishedAt`, which is the list's date for some and arXiv's for others.
        listed=dates.day(string(paper, "submittedOnDailyAt") or day),
        withdrawn=bool(string(paper, "withdrawnAt")),
        signals=tuple(_signals(row, paper)),
    )


def _authors(paper: dict[str, Any]) -> Iterator[str]:
    """Yield the authors but those who asked to be hidden."""
    yield from (string(author, "name") for author in items_of(paper, "authors") if not _hidden(author))


def _hidden(author: Any) -> bool:
    return isinstance(author, dict) and bool(author.get("hidden"))


def _signals(row: dict[str, Any], paper: dict[str, Any]) -> Iterator[Observation]:
    counts = {
        SignalKind.UPVOTES: paper.get("upvotes"),
        SignalKind.COMMENTS: row.get("numComments"),
        SignalKind.STARS: paper.get("githubStars"),
    }
    yield from (Observation(kind=kind, value=count) for kind, count in counts.items() if is_count(count))
