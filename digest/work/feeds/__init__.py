"""Which feeds the site has, and what is in them.

A paper enters a feed once, and keeps the moment it entered and its place. The newest document of a feed holds the last
ones; what no longer fits stands in archive pages (RFC 5005), which never change.

`channels` says which public feeds there are, `documents` makes them, `asked` those that are made when somebody asks: of
a search, and of one reader's topics.
"""

from __future__ import annotations

from digest.work.feeds.asked import reader_document, reader_of, reader_stem, renew, search_document
from digest.work.feeds.channels import Channel, channels, opml
from digest.work.feeds.documents import RENDERERS, Document, documents, files, preview

__all__ = [
    "RENDERERS",
    "Channel",
    "Document",
    "channels",
    "documents",
    "files",
    "opml",
    "preview",
    "reader_document",
    "reader_of",
    "reader_stem",
    "renew",
    "search_document",
]
