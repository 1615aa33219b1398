"""What a poll asks of arXiv: its feeds, its search API (info.arxiv.org/help/api) and its OAI-PMH server."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

from digest.model import Source
from digest.sources.addresses import asked, parameter, parameters
from digest.sources.base import Ask, Reach

_OAI = "https://oaipmh.arxiv.org/oai"
_OAI_FORMAT = "arXivRaw"  # `arXiv` is reported to give the newest version's date as the first one's
_ORIGIN = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_CATEGORY = re.compile(r"(?P<archive>[a-z-]{2,16})(?:\.(?P<subject>[A-Za-z-]{2,16}))?")
_PHYSICS = frozenset(
    "astro-ph cond-mat gr-qc hep-ex hep-lat hep-ph hep-th math-ph nlin nucl-ex nucl-th physics quant-ph".split()
)
# A paper that moderators hold back comes out under its old date of submission.
_HELD = timedelta(days=7)
# A query is served up to its 10,000th result; the largest categories take four weeks to get there.
_WINDOW = timedelta(days=28)
_PER_PAGE = "500"


class ArxivFeedAdapter:
    """A feed of categories (rss.arxiv.org/rss/cs.CL+cs.LG), which holds one day; a missed day is asked of OAI-PMH."""

    kind = "arxiv-feed"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        """See `Adapter`."""
        if not source.url:
            return ()
        feed = Ask(url=source.url)
        return (feed, *_harvests(_oai_beside(source.url), sets_of(source.url), reach)) if reach.gap else (feed,)


class ArxivSearchAdapter:
    """A query of the search API (export.arxiv.org/api/query?search_query=...): what was submitted within reach."""

    kind = "arxiv-search"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        """See `Adapter`: order and paging are added, and the days of submission if the query has none."""
        if not source.url:
            return ()
        query = parameter(source.url, "search_query")
        ordered = asked(
            source.url,
            sortBy="submittedDate",
            sortOrder="descending",
            max_results=parameter(source.url, "max_results") or _PER_PAGE,
        )
        if "submittedDate" in query or parameter(source.url, "id_list"):
            return (Ask(url=ordered, whole=True),)
        windows = _windows(reach.since - _HELD, reach.now)
        return tuple(Ask(url=asked(ordered, search_query=_within(query, *days)), whole=True) for days in windows)


class ArxivOaiAdapter:
    """Sets of the OAI-PMH server (oaipmh.arxiv.org/oai?set=cs:cs:CL): what changed within reach, to the end."""

    kind = "arxiv-oai"

    def request(self, source: Source, reach: Reach) -> tuple[Ask, ...]:
        """See `Adapter`: the address may name several sets, and a `metadataPrefix`."""
        return _harvests(source.url, parameters(source.url, "set"), reach) if source.url else ()


def sets_of(url: str) -> tuple[str, ...]:
    """Return the OAI sets of the categories that a feed's address ends in: for cs.CL cs:cs:CL."""
    try:
        last = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    except ValueError:
        return ()
    found = (_CATEGORY.fullmatch(category) for category in re.split(r"[+ ]", last))
    return tuple(dict.fromkeys(_set(match["archive"], match["subject"]) for match in found if match))


def _set(archive: str, subject: str | None) -> str:
    group = "physics" if archive in _PHYSICS else archive
    if subject:
        return f"{group}:{archive}:{subject}"
    return f"{group}:{archive}" if group == "physics" else archive


def _oai_beside(url: str) -> str:
    """Return arXiv's OAI-PMH server; for a feed that a mirror serves, that of the mirror."""
    origin = _ORIGIN.match(url)
    return f"{origin[0]}/oai" if origin and not origin[1].endswith("arxiv.org") else _OAI


def _harvests(server: str, sets: tuple[str, ...], reach: Reach) -> tuple[Ask, ...]:
    """Return a question for each set; without `until`, which OAI-PMH would count against a server's late clock."""
    given = parameter(server, "metadataPrefix") or _OAI_FORMAT
    since = f"{reach.since:%Y-%m-%d}"
    return tuple(
        Ask(url=asked(server, verb="ListRecords", metadataPrefix=given, set=each, **{"from": since}), whole=True)
        for each in sets or ("",)
    )


def _windows(since: datetime, now: datetime) -> list[tuple[datetime, datetime]]:
    """Return the reach in parts, the newest first."""
    ends = [now]
    while ends[-1] - _WINDOW > since:
        ends.append(ends[-1] - _WINDOW)
    return [(max(end - _WINDOW, since), end) for end in ends]


def _within(query: str, since: datetime, until: datetime) -> str:
    """Return a query limited to whole days of submission, so that its address stays the same all day."""
    days = f"submittedDate:[{since:%Y%m%d}0000 TO {until:%Y%m%d}2359]"
    return f"({query}) AND {days}" if query else days
