"""Points and comments at Hacker News, from its search (hn.algolia.com/api).

Few papers are ever posted there, so it is asked for the newest stories of a host, a thousand at most, and not once a
paper: one answer says it for all papers of that host. Of several stories about a paper the one with most points counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from digest import identity
from digest.model import Paper, SignalKind
from digest.sources.json import is_count, items_of, string
from digest.sources.signals.answers import answer_of
from digest.sources.signals.base import DAY, LOOKS, Limit, Numbers, Question, Subject, chunks, observed

# A little longer than a paper is looked at; what was posted before has had its votes.
STORIES = 30 * DAY
_MOST = 1000


class HackerNews:
    """See `Meter`."""

    name = "hackernews"
    about = "id"
    only_counted = False
    continues: str | None = None
    at_once = 1000
    looks: tuple[timedelta, ...] = LOOKS

    def __init__(self, server: str = "https://hn.algolia.com") -> None:
        self.server = server

    def limit(self, *, keyed: bool) -> Limit:
        """See `Meter`: far below the 10,000 an hour that it allows."""
        return Limit(every=timedelta(minutes=10), burst=4)

    def with_key(self, question: Question, key: str) -> Question:
        """See `Meter`: there are no keys."""
        return question

    def subject(self, paper: Paper) -> Subject | None:
        """See `Meter`: `arxiv.org/ID`, else the address of its page without scheme."""
        if paper.arxiv_id:
            return Subject(paper_id=paper.id, handle=f"arxiv.org/{paper.arxiv_id}")
        handle = _handle(paper.links.abstract or "")
        return Subject(paper_id=paper.id, handle=handle) if handle else None

    def questions(self, subjects: Sequence[Subject], *, now: datetime, at_once: int) -> tuple[Question, ...]:
        """See `Meter`: one question a host."""
        hosts: dict[str, list[Subject]] = {}
        for subject in subjects:
            hosts.setdefault(subject.handle.partition("/")[0], []).append(subject)
        return tuple(
            Question(url=self._address(host, now - STORIES), about=about)
            for host, of_host in hosts.items()
            for about in chunks(of_host, at_once)
        )

    def _address(self, host: str, since: datetime) -> str:
        asked = {
            "query": host,
            "restrictSearchableAttributes": "url",
            "typoTolerance": "false",
            "tags": "story",
            # By the hour, so that caches between us and them may help.
            "numericFilters": f"created_at_i>{int(since.timestamp()) // 3600 * 3600}",
            "hitsPerPage": _MOST,
        }
        return f"{self.server}/api/v1/search_by_date?{urlencode(asked)}"

    def parse(self, data: bytes, question: Question) -> Numbers:
        """See `Meter`. A paper without a story is known, and has no numbers: nobody has posted it yet."""
        best: dict[str, dict[str, Any]] = {}
        for story in _stories(answer_of(data, dict, "Hacker News")):
            handle = _handle(string(story, "url"))
            if handle and _points(story) > _points(best.get(handle, {})):
                best[handle] = story
        return {subject.paper_id: _numbers(best.get(subject.handle, {})) for subject in question.about}


def _stories(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (story for story in items_of(answer, "hits") if isinstance(story, dict))


def _points(story: dict[str, Any]) -> int:
    points = story.get("points")
    return points if is_count(points) else -1


def _numbers(story: dict[str, Any]) -> tuple[Any, ...]:
    return observed({SignalKind.UPVOTES: story.get("points"), SignalKind.COMMENTS: story.get("num_comments")})


def _handle(url: str) -> str:
    """Return what an address comes to: spellings of one paper's pages are one handle; "" for none."""
    found = identity.arxiv_id(url)
    if found:
        return f"arxiv.org/{found[0]}"
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    return f"{host}{path}" if host and path else ""
