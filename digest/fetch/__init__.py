"""Fetch: the bytes behind an address, from public hosts only, within limits. The only stage that speaks HTTP.

    async with Fetcher(agent="digest/1.0 (+https://papers.example.org)", now=clock) as fetcher:
        response = await fetcher.get(Request(url="https://rss.arxiv.org/rss/cs.CL", etag=etag))

`client` has the rules of conversation, `transport` the connections, `addresses` where they may go.
"""

from __future__ import annotations

from digest.fetch.client import Fetcher, Limits, Request, Response

__all__ = ["Fetcher", "Limits", "Request", "Response"]
