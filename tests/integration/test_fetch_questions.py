"""Questions with a body or a key, and limits that are used up."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta

import pytest

from digest.fetch import Fetcher, Request, Response
from digest.fetch.headers import Headers
from tests.factories import NOON, Clock
from tests.hosts import Host, answer, host, redirect


def ask(request: Request) -> Response:
    fetcher = Fetcher(
        agent="digest/test", now=Clock(), allow_private=True, trust=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    return asyncio.run(fetcher.get(request))


def test_a_body_is_posted_as_json(here: Host) -> None:
    here.plays["/batch"] = answer(b"[]")
    body = b'{"ids": ["x"]}' * 1000
    assert ask(Request(url=here.url("/batch"), body=body)).body == b"[]"
    assert here.asked[0].body == body
    assert here.asked[0].headers["content-type"] == "application/json"
    assert here.asked[0].headers["content-length"] == str(len(body))


@pytest.mark.parametrize("status", ["301 Moved Permanently", "303 See Other", "307 Temporary Redirect"])
def test_a_body_is_not_sent_on(here: Host, status: str) -> None:
    here.plays |= {"/batch": redirect("/elsewhere", status), "/elsewhere": answer(b"[]")}
    assert ask(Request(url=here.url("/batch"), body=b"{}")).status == int(status[:3])
    assert [asked.path for asked in here.asked] == ["/batch"]


def test_a_question_without_a_body_has_no_type(here: Host) -> None:
    here.plays["/"] = answer()
    ask(Request(url=here.url("/")))
    assert "content-type" not in here.asked[0].headers


def test_headers_go_on_within_a_host_and_no_further(here: Host) -> None:
    with host({"/theirs": answer(b"")}) as other:
        here.plays |= {"/": redirect("/moved"), "/moved": redirect(other.url("/theirs"))}
        ask(Request(url=here.url("/"), headers=(("Authorization", "Bearer k"),)))
        assert [asked.headers.get("authorization") for asked in (*here.asked, *other.asked)] == [
            "Bearer k", "Bearer k", None
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOON.timestamp()) + 9)}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOON.timestamp()) + 90)}, 90),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOON.timestamp()) - 90)}, 0),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": str(int(NOON.timestamp()) + 90)}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 30}, None),
        ({"ratelimit": '"api";r=0;t=120'}, 120),
        ({"ratelimit": '"pages";r=12;t=5, "api";r=0;t=120'}, 120),
        ({"ratelimit": '"api";r=400;t=120'}, None),
        ({}, None),
    ],
)
def test_a_limit_that_is_used_up_says_when_it_begins_anew(headers: dict[str, str], seconds: int | None) -> None:
    found = Headers((name.encode(), value.encode()) for name, value in headers.items()).retry_after(NOON)
    assert found == (None if seconds is None else timedelta(seconds=seconds))
