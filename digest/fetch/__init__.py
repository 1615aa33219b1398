"""Fetch: the bytes behind an address, from public hosts only, within limits. The only stage that speaks HTTP.

    async with Fetcher(agent="digest/1.0 (+https://papers.example.org)", now=clock) as fetcher:
        response = await fetcher.get(Request(url="https://rss.arxiv.org/rss/cs.CL", etag=etag))

`client` has the rules of conversation, `transport` the connections, `addresses` where they may go.
"""

from __future__ import annotations

from digest.fetch.client import GAPS, Fetcher, Limits, Queue, Request, Response, alone, host_of
from digest.fetch.transport import NoAnswerError

__all__ = ["GAPS", "Fetcher", "Limits", "NoAnswerError", "Queue", "Request", "Response", "alone", "host_of"]
