"""The HTTP client against real sockets: polite, bounded, and never where it must not go."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from digest.fetch import Limits, Request
from digest.fetch.decoding import OFFERED
from digest.fetch.headers import Headers
from tests.fetching import NOBODY, NOON, PUBLIC, fetcher, get, refused
from tests.hosts import Host, Network, answer, host, in_turn, names, raw, redirect, slow, trusting

FEED = b"<rss><channel><title>Papers</title></channel></rss>"


# The conversation


def test_what_is_asked_says_who_asks_and_what_would_be_welcome(here: Host) -> None:
    here.plays["/feed"] = answer(FEED, "Set-Cookie: who=you", 'ETag: "v1"', "Last-Modified: yesterday, more or less")
    answered = get(here.url("/feed?a=1#part"))
    assert (answered.status, answered.body) == (200, FEED)
    assert (answered.etag, answered.last_modified) == ('"v1"', "yesterday, more or less")
    (asked,) = here.asked
    assert asked.path == "/feed?a=1"
    assert asked.headers == {
        "host": f"127.0.0.1:{here.port}",
        "user-agent": "digest/test",
        "accept": Request(url="").accept,
        "accept-encoding": OFFERED,
        "connection": "close",
    }
    assert ";q=0.9" in asked.headers["accept"]


def test_validators_go_back_word_for_word_and_not_modified_has_no_body(here: Host) -> None:
    here.plays["/feed"] = raw(b'HTTP/1.1 304 Not Modified\r\nETag: W/"v2"\r\n\r\nA body that must not be there.')
    answered = get(here.url("/feed"), etag='W/"x-gzip"', last_modified="not even a date")
    assert (answered.status, answered.body, answered.etag) == (304, b"", 'W/"v2"')
    assert here.asked[0].headers["if-none-match"] == 'W/"x-gzip"'
    assert here.asked[0].headers["if-modified-since"] == "not even a date"


def test_not_modified_is_no_answer_to_a_question_without_validators(here: Host) -> None:
    here.plays["/feed"] = answer(status="304 Not Modified")
    assert "nobody asked" in refused(here.url("/feed")).message


def test_a_cookie_is_not_kept_and_no_page_is_named_as_referrer(here: Host) -> None:
    here.plays["/feed"] = in_turn(
        answer(b"", "Set-Cookie: who=you; Path=/", "Location: /feed", status="302 Found"), answer(FEED)
    )
    here.plays["/from"] = answer(b"", "Set-Cookie: who=you; Path=/", "Location: /to", status="302 Found")
    here.plays["/to"] = answer(FEED)
    get(here.url("/from"))
    assert not {"cookie", "referer"} & here.asked[-1].headers.keys()


def test_a_proxy_of_the_environment_is_not_used(here: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    here.plays["/feed"] = answer(FEED)
    with host() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy.url())
        assert get(here.url("/feed")).body == FEED
    assert proxy.asked == []


def test_the_body_of_a_refusal_is_left_alone(here: Host) -> None:
    here.plays["/feed"] = in_turn(answer(b"x" * 1000, status="500 Internal Server Error"))
    answered = get(here.url("/feed"), limits=Limits(wire=10))
    assert (answered.status, answered.body) == (500, b"")


# Redirects


def test_redirects_are_followed_and_the_validators_stay_behind(here: Host) -> None:
    here.plays |= {"/a": redirect("/b"), "/b": redirect("c?d=e", "307 Go On"), "/c": answer(FEED, 'ETag: "c"')}
    answered = get(here.url("/a"), etag='"a"', last_modified="then")
    assert (answered.url, answered.etag, answered.moved_to) == (here.url("/c?d=e"), '"c"', None)
    assert [("if-none-match" in asked.headers) for asked in here.asked] == [True, False, False]
    assert [("if-modified-since" in asked.headers) for asked in here.asked] == [True, False, False]


def test_permanent_redirects_are_told_as_far_as_they_are_unbroken(here: Host) -> None:
    permanent = "301 Moved Permanently"
    here.plays |= {"/a": redirect("/b", permanent), "/b": redirect("/c", "308 Permanent Redirect")}
    here.plays |= {"/c": redirect("/d"), "/d": redirect("/e", permanent), "/e": answer(FEED)}
    answered = get(here.url("/a"))
    assert (answered.url, answered.moved_to) == (here.url("/e"), here.url("/c"))
    assert get(here.url("/c")).moved_to is None


def test_a_chain_without_end_and_a_circle_are_left(here: Host) -> None:
    here.plays |= {f"/{n}": redirect(f"/{n + 1}") for n in range(9)}
    assert "more than 5 times" in refused(here.url("/0")).message
    assert len(here.asked) == 6
    here.plays |= {"/a": redirect("/b"), "/b": redirect("/a")}
    assert "in a circle" in refused(here.url("/a")).message


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://example.org/feed",
        "gopher://example.org:70/_",
        "data:text/xml,<rss/>",
        "jar:http://example.org/a.jar!/feed",
        "javascript:alert(1)",
        "//ada:secret@example.org/",
        "http://example.org:25/",
        "http://[::1",
        "",
    ],
)
def test_a_redirect_goes_to_web_addresses_only(here: Host, target: str) -> None:
    here.plays["/feed"] = redirect(target)
    network = Network(here)
    error = refused(here.url("/feed"), dial=network)
    assert f"cannot fetch {here.url('/feed')}: it redirects" in error.message
    assert len(network.dialled) == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "ftp://example.org/",
        "http://ada:secret@example.org/",
        "http://example.org:22/",
        "http://example.org:99999/",
        "http://",
        "http://exa mple.org/",
        "http://example.org\r\nX: y/",
        "HTTP://[not an address]/",
        "",
    ],
)
def test_an_address_that_is_not_of_the_web_is_not_asked(url: str) -> None:
    network = Network()
    assert refused(url, dial=network, resolve=names()).code == "fetch"
    assert network.dialled == []


def test_a_redirect_in_utf8_is_understood(here: Host) -> None:
    here.plays["/a"] = raw("HTTP/1.1 302 Found\r\nLocation: /gewünscht?q=ü\r\n\r\n".encode())
    get(here.url("/a"))
    assert here.asked[1].path == "/gew%C3%BCnscht?q=%C3%BC"


def test_a_password_in_an_address_is_not_repeated(here: Host) -> None:
    here.plays["/feed"] = redirect("http://ada:secret@example.org/")
    for url in ("http://ada:secret@example.org/feed", here.url("/feed")):
        error = refused(url)
        assert "secret" not in error.message
        assert "//...@example.org/" in error.message


# How long to wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "Fri, 20 Nov 2026 12:02:00 GMT"}, 120),
        # By the clock of the server, which is an hour behind ours.
        ({"Retry-After": "Fri, 20 Nov 2026 11:02:00 GMT", "Date": "Fri, 20 Nov 2026 11:00:00 GMT"}, 120),
        ({"Retry-After": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "99999999999999999999"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_understood_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    read = Headers((name.encode(), value.encode()) for name, value in headers.items()).retry_after(NOON)
    assert read == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Cache-Control": "public, max-age=3600"}, 3600),
        ({"Cache-Control": "max-age=3600", "Age": "600"}, 3000),
        ({"Cache-Control": "max-age=60", "Age": "600"}, 0),
        ({"Cache-Control": "s-maxage=9, MAX-AGE=60", "Expires": "Sat, 21 Nov 2026 12:00:00 GMT"}, 60),
        ({"Cache-Control": "s-maxage=9"}, None),
        ({"Expires": "Fri, 20 Nov 2026 12:01:00 GMT"}, 60),
        ({"Expires": "Fri, 20 Nov 2026 13:01:00 GMT", "Date": "Fri, 20 Nov 2026 13:00:00 GMT"}, 60),
        ({"Expires": "0"}, None),
        ({"Expires": "Fri, 31 Feb 2026 12:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_an_answer_says_how_long_it_stays_good(headers: dict[str, str], seconds: float | None) -> None:
    read = Headers((name.encode(), value.encode()) for name, value in headers.items()).fresh_for(NOON)
    assert read == (None if seconds is None else timedelta(seconds=seconds))


def test_a_validator_too_long_to_be_sent_with_every_question_is_dropped(here: Host) -> None:
    here.plays["/feed"] = answer(FEED, f'ETag: "{"x" * 2000}"', "ETag: second")
    assert get(here.url("/feed")).etag is None


# TLS


def test_tls_goes_by_the_name_though_the_address_is_dialled() -> None:
    with host({"/feed": answer(FEED)}, tls=True) as here:
        network, resolve = Network(here), names(feeds_example=PUBLIC, other_example=PUBLIC)
        options = {"allow_private": False, "dial": network, "resolve": resolve, "trust": trusting()}
        assert get(here.url("/feed", "feeds.example"), **options).body == FEED
        assert here.asked[0].headers["host"] == f"feeds.example:{here.port}"
        assert (
            "its certificate does not hold: Hostname mismatch"
            in refused(here.url("/feed", "other.example"), **options).message
        )
        assert (
            "its certificate does not hold"
            in refused(here.url("/feed", "feeds.example"), **{**options, "trust": NOBODY}).message
        )


# Politeness


def test_a_host_is_asked_one_question_at_a_time_and_others_meanwhile() -> None:
    async def all_of(urls: list[str]) -> None:
        async with fetcher(resolve=names(a_example="127.0.0.1", b_example="127.0.0.1")) as client:
            await asyncio.gather(*(client.get(Request(url=url)) for url in urls))

    with host({"/feed": slow(answer(FEED), 0.1)}) as one:
        begun = time.monotonic()
        asyncio.run(all_of([one.url("/feed", "a.example")] * 3))
        assert one.most == 1
        assert time.monotonic() - begun >= 0.3
    with host({"/feed": slow(answer(FEED), 0.1)}) as two:
        asyncio.run(all_of([two.url("/feed", "a.example"), two.url("/feed", "b.example")]))
        assert two.most == 2


def test_all_of_arxiv_is_one_host_with_a_gap_between_two_questions(here: Host) -> None:
    here.plays["/feed"] = answer(FEED)
    gaps = {"arxiv.org": timedelta(seconds=0.15)}
    known = dict.fromkeys(("arxiv_org", "rss_arxiv_org", "export_arxiv_org"), "127.0.0.1")

    async def each() -> None:
        async with fetcher(resolve=names(**known), gaps=gaps) as client:
            asking = (client.get(Request(url=here.url("/feed", name.replace("_", ".")))) for name in known)
            await asyncio.gather(*asking)

    asyncio.run(each())
    first, second, third = (asked.at for asked in here.asked)
    assert second - first >= 0.15
    assert third - second >= 0.15


def test_the_gap_for_arxiv_is_three_seconds_unless_a_test_says_otherwise() -> None:
    client = fetcher()
    assert client.turn_of("https://export.arxiv.org./api") == client.turn_of("http://RSS.arxiv.org:80/") == "arxiv.org"
    assert client.turn_of("https://notarxiv.org/") == "notarxiv.org"
    from digest.fetch.client import GAPS

    assert GAPS["arxiv.org"] == timedelta(seconds=3)
