"""Judges of feeds that are not ours: the grammar of Atom, the schema of JSON Feed, and the W3C's validator."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from lxml import etree

from digest.render.paths import FEED_FORMATS
from digest.render.why import WHY

# A checkout of https://github.com/w3c/feedvalidator, if the environment names one.
VALIDATOR = os.environ.get("DIGEST_FEEDVALIDATOR", "")

_ADDRESS = {"type": "string", "pattern": "^https?://"}
_TEXT = {"type": "string", "minLength": 1}
_DATE = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
_AUTHORS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {"name": _TEXT, "url": _ADDRESS, "avatar": _ADDRESS},
        "minProperties": 1,
        "additionalProperties": False,
    },
}
_PAPER = {
    "type": "object",
    "required": ["about", "why", "parts", "numbers"],
    "properties": {
        "about": {"const": WHY},
        "source": {
            "type": "object",
            "required": ["title", "url"],
            "properties": {"title": _TEXT, "url": _ADDRESS},
            "additionalProperties": False,
        },
        "arxiv_id": _TEXT,
        "doi": _TEXT,
        "version": {"type": "integer", "minimum": 1},
        "score": {"type": "number"},
        "why": {"type": "array", "items": _TEXT},
        "parts": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "value", "weight"],
                "properties": {"name": _TEXT, "value": {"type": "number"}, "weight": {"type": "number"}},
                "additionalProperties": False,
            },
        },
        "numbers": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "additionalProperties": False,
}
_ITEM = {
    "type": "object",
    "required": ["id"],
    "anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}],
    "properties": {
        "id": _TEXT,
        "url": _ADDRESS,
        "external_url": _ADDRESS,
        "title": _TEXT,
        "content_html": {"type": "string"},
        "content_text": {"type": "string"},
        "summary": {"type": "string"},
        "image": _ADDRESS,
        "banner_image": _ADDRESS,
        "date_published": _DATE,
        "date_modified": _DATE,
        "authors": _AUTHORS,
        "tags": {"type": "array", "items": _TEXT},
        "language": _TEXT,
        "attachments": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["url", "mime_type"],
                "properties": {"url": _ADDRESS, "mime_type": _TEXT, "size_in_bytes": {"type": "integer"}},
            },
        },
        "_paper": _PAPER,
    },
    "patternProperties": {r"^_[^.]+$": {"type": "object"}},
    "additionalProperties": False,
}
_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": _TEXT,
        "home_page_url": _ADDRESS,
        "feed_url": _ADDRESS,
        "description": {"type": "string"},
        "user_comment": {"type": "string"},
        "next_url": _ADDRESS,
        "icon": _ADDRESS,
        "favicon": _ADDRESS,
        "authors": _AUTHORS,
        "language": _TEXT,
        "expired": {"const": True},
        "hubs": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["type", "url"], "properties": {"type": _TEXT, "url": _ADDRESS}},
        },
        "items": {"type": "array", "items": _ITEM},
    },
    "patternProperties": {r"^_[^.]+$": {"type": "object"}},
    "additionalProperties": False,
}
_SCHEMA = Draft202012Validator(_FEED)

# Reads addresses, and prints for each the classes of the validator's messages at its strictest level.
_ASK = """
import json, sys, urllib.error, urllib.parse, urllib.request
import feedvalidator
from feedvalidator.compatibility import AAA
for address in sys.stdin.read().split():
    try:
        events = feedvalidator.validateURL(address, firstOccurrenceOnly=1)["loggedEvents"]
    except feedvalidator.logging.ValidationFailure as failure:
        events = [failure.event]
    print(json.dumps([f"{type(one).__name__} {one.params}" for one in AAA(events)]), flush=True)
"""


def json_faults(document: Any) -> list[str]:
    """Say what is wrong with a JSON Feed by its schema, and by three rules that no schema can state."""
    found = [f"{error.json_path}: {error.message}" for error in _SCHEMA.iter_errors(document)]
    items = document.get("items", [])
    if len({item.get("id") for item in items}) < len(items):
        found.append("an id comes twice")
    if document.get("next_url", "") == document.get("feed_url"):
        found.append("next_url is feed_url")
    return found + [f"no such date: {date}" for date in map(_dates_of, items) if not all(map(_is_date, date))]


def atom_faults(body: bytes) -> list[str]:
    """Say what is wrong with an Atom feed by the grammar of RFC 4287."""
    grammar = _atom_grammar()
    return [] if grammar.validate(etree.fromstring(body)) else [str(error) for error in grammar.error_log]


class Served:
    """Files behind an address of this machine, packed if the client likes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        files = self.files

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = files.get(self.path)
                if body is None:
                    self.send_error(404)
                    return
                kind = {**FEED_FORMATS, "opml": "text/x-opml"}[self.path.partition("?")[0].rpartition(".")[2]]
                packed = "gzip" in self.headers.get("Accept-Encoding", "")
                body = gzip.compress(body) if packed else body
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Vary", "Accept-Encoding")
                if packed:
                    self.send_header("Content-Encoding", "gzip")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def run(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def served() -> Iterator[Served]:
    """Serve files until the end."""
    server = Served()
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def messages(server: Served) -> dict[str, list[str]]:
    """Return what the W3C's validator says of each feed and list that is served, by path; it must be there."""
    paths = [path for path in server.files if not path.partition("?")[0].endswith(".json")]
    asked = "\n".join(server.url + path for path in paths)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _ASK],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(VALIDATOR) / "src")},
    )
    return dict(zip(paths, map(json.loads, done.stdout.splitlines()), strict=True))


@cache
def _atom_grammar() -> Any:
    return etree.RelaxNG(etree.parse(Path(__file__).parent / "golden" / "atom.rng"))


def _dates_of(item: Any) -> list[str]:
    return [item[name] for name in ("date_published", "date_modified") if name in item]


def _is_date(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
