"""A program of its own: a feed on standard input, what feedparser makes of it as JSON on standard output.

feedparser finds items in feeds that no XML parser can read, but it raises, loops and swells on hostile input. So it
never runs where anything else does, and this file imports nothing of Digest: see `fallback`, which starts it.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import Any

# Seconds, bytes, and characters of JSON. A feed of 10 MB takes feedparser 4 s and 100 MB.
CPU = 10
MEMORY = 512 * 1024 * 1024
ANSWER = 64 * 1024 * 1024

_DENIED = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "ctypes.",
    "urllib.",
)
LIMITS = (
    (resource.RLIMIT_CPU, CPU),
    (resource.RLIMIT_AS, MEMORY),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 0),
)


def main() -> None:
    """Read, parse, answer; any trouble ends the process with a code that is not 0."""
    for limit, most in LIMITS:
        resource.setrlimit(limit, (most, most))
    import feedparser

    sys.addaudithook(_deny)
    # Bytes would be taken for a file's name.
    feed = feedparser.parse(io.BytesIO(sys.stdin.buffer.read()), sanitize_html=False, resolve_relative_uris=False)
    answer = json.dumps(found(feed))
    if len(answer) > ANSWER:
        raise MemoryError("the answer is larger than its limit")
    sys.stdout.write(answer)


def found(feed: Any) -> dict[str, Any]:
    """Return what a feed says of itself and its items in plain values; what is missing is absent or ""."""
    return {
        "version": feed.get("version", ""),
        "title": feed.feed.get("title", ""),
        "entries": [_entry(entry) for entry in feed.entries],
    }


def _entry(entry: Any) -> dict[str, Any]:
    told = {key: entry[key] for key in ("id", "title", "link", "published", "updated", "comments") if entry.get(key)}
    contents = [each.get("value", "") for each in entry.get("content", ())]
    return {
        **told,
        "summary": entry.get("summary") or next(filter(None, contents), ""),
        "authors": [author.get("name", "") for author in entry.get("authors", ())],
        "tags": [tag.get("term") or "" for tag in entry.get("tags", ())],
        "doi": entry.get("prism_doi") or entry.get("arxiv_doi") or entry.get("dc_identifier") or "",
    }


def _deny(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_DENIED):
        raise PermissionError(f"{event} is not for a parser")


if __name__ == "__main__":
    main()
