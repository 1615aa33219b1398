"""The HTTP client against real sockets: polite, bounded, and never where it must not go."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from digest.fetch import Limits, Request
from digest.fetch.decoding import OFFERED
from digest.fetch.headers import Headers
from tests.fetching import NOBODY, NOON, PUBLIC, fetcher, get, refused
from tests.hosts import (
    Host,
    Network,
    Play,
    answer,
    drip,
    endless,
    host,
    in_turn,
    names,
    packed,
    raw,
    redirect,
    reset,
    silent,
    slow,
    trusting,
)

FEED = b"<rss><channel><title>Papers</title></channel></rss>"
QUICK = Limits(connect=timedelta(seconds=0.3), total=timedelta(seconds=0.4))
SMALL = Limits(wire=100_000, unpacked=3_000_000)


@pytest.fixture
def here() -> Iterator[Host]:
    with host() as found:
        yield found


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


# Limits


@pytest.mark.parametrize("play", [drip, silent])
def test_an_answer_that_takes_too_long_is_cut(here: Host, play: Play) -> None:
    here.plays["/feed"] = play
    begun = time.monotonic()
    assert "longer than 0.4 s" in refused(here.url("/feed"), limits=QUICK).message
    assert time.monotonic() - begun < 2


def test_the_time_counts_over_all_redirects(here: Host) -> None:
    here.plays |= {f"/{n}": slow(redirect(f"/{n + 1}"), 0.15) for n in range(5)}
    assert "longer than 0.4 s" in refused(here.url("/0"), limits=QUICK).message
    assert len(here.asked) <= 3


def test_a_host_that_takes_a_connection_but_no_tls_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        patient = Limits(connect=timedelta(seconds=0.3), total=timedelta(seconds=20))
        error = refused(f"https://127.0.0.1:{quiet.getsockname()[1]}/", limits=patient)
    assert "does not take a connection in time" in error.message


def test_a_handshake_that_is_cut_short_leaves_no_socket_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        impatient = Limits(connect=timedelta(seconds=20), total=timedelta(seconds=0.2))
        error = refused(f"https://127.0.0.1:{quiet.getsockname()[1]}/", limits=impatient)
        assert "longer than 0.2 s" in error.message
        accepted, _ = quiet.accept()
        with accepted:
            accepted.settimeout(5)
            # The greeting of TLS, then the end of the connection.
            while accepted.recv(65_536):
                pass


def test_a_body_without_end_is_cut_at_the_limit_of_the_wire(here: Host) -> None:
    here.plays["/feed"] = endless
    assert "larger than 0.1 MB" in refused(here.url("/feed"), limits=SMALL).message


def _brotli(data: bytes) -> bytes:
    return bytes(import_module("brotli").compress(data, quality=1))


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
if find_spec("brotli"):
    PACKERS["br"] = _brotli


def test_every_coding_that_is_offered_is_tried_here() -> None:
    assert OFFERED.split(", ") == list(PACKERS)


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_body_is_unpacked(here: Host, coding: str) -> None:
    prose = b"".join(b"<item>%d</item>" % number for number in range(50_000))
    here.plays["/feed"] = packed(prose, coding, PACKERS[coding])
    assert get(here.url("/feed")).body == prose


@pytest.mark.parametrize("coding", PACKERS)
def test_a_bomb_is_noticed_before_it_has_gone_off(here: Host, coding: str) -> None:
    here.plays["/feed"] = packed(bytes(60_000_000), coding, PACKERS[coding])
    tracemalloc.start()
    error = refused(here.url("/feed"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "unpack to more than" in error.message
    assert peak < 8_000_000


def test_what_is_well_packed_is_cut_at_the_limit_for_what_is_unpacked(here: Host) -> None:
    prose = b"".join(b"<item>%d</item>" % number for number in range(250_000))
    here.plays["/feed"] = packed(prose)
    assert "unpack to more than" in refused(here.url("/feed"), limits=Limits(unpacked=3_000_000)).message


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_body_that_breaks_off_is_an_error(here: Host, coding: str) -> None:
    here.plays["/feed"] = packed(FEED * 100, coding, lambda data: PACKERS[coding](data)[:-5])
    assert "it breaks off" in refused(here.url("/feed")).message


@pytest.mark.parametrize("coding", PACKERS)
def test_a_body_that_is_not_packed_as_it_says_is_an_error(here: Host, coding: str) -> None:
    here.plays["/feed"] = packed(b"<rss>\xff\xfe\x00 plain", coding, bytes)
    assert "compression is broken" in refused(here.url("/feed")).message


@pytest.mark.parametrize("coding", ["gzip, gzip", "br, gzip", "compress", "gzip;q=1", "x" * 5000])
def test_a_coding_that_nobody_asked_for_is_refused(here: Host, coding: str) -> None:
    here.plays["/feed"] = packed(FEED, coding)
    assert "nobody asked for its coding" in refused(here.url("/feed")).message


def test_deflate_is_understood_with_and_without_its_wrapper(here: Host) -> None:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    here.plays["/feed"] = answer(engine.compress(FEED) + engine.flush(), "Content-Encoding: deflate")
    assert get(here.url("/feed")).body == FEED


def test_gzip_may_have_some_members_but_not_any_number(here: Host) -> None:
    here.plays["/feed"] = packed(FEED, pack=lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]))
    assert get(here.url("/feed")).body == FEED
    here.plays["/feed"] = packed(b"", pack=lambda data: gzip.compress(data) * 1000)
    assert "behind the end" in refused(here.url("/feed")).message


def test_nothing_at_all_is_whole_in_every_coding(here: Host) -> None:
    for coding in ("identity", *PACKERS):
        here.plays["/feed"] = answer(b"", f"Content-Encoding: {coding}")
        assert get(here.url("/feed")).body == b""


# Broken answers

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("play", "said"),
    [
        (answer(FEED, length=len(FEED) + 1), "not sound HTTP"),
        (raw(CHUNKED + b"5\r\n<rss>\r\n"), "not sound HTTP"),
        (raw(CHUNKED + b"zz\r\n<rss>\r\n0\r\n\r\n"), "not sound HTTP"),
        (raw(CHUNKED + b"5;" + b"x" * 200_000), "not sound HTTP"),
        (raw(b"I am no web server\r\n\r\n"), "not sound HTTP"),
        (raw(b"HTTP/1.1 999999 Many\r\n\r\n"), "not sound HTTP"),
        (raw(HEAD + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello"), "not sound HTTP"),
        (raw(HEAD + b"Content-Length: -5\r\n\r\nhello"), "not sound HTTP"),
        (raw(HEAD + b"X: " + b"y" * 300_000 + b"\r\n\r\n"), "not sound HTTP"),
        (raw(HEAD + b"X: y\r\n" * 60_000), "not sound HTTP"),
        (raw(HEAD), "not sound HTTP"),
        (raw(b""), "not sound HTTP"),
        (reset, "breaks off"),
    ],
)
def test_an_answer_that_is_not_whole_is_an_error_in_one_line(here: Host, play: Play, said: str) -> None:
    here.plays["/feed"] = play
    error = refused(here.url("/feed"))
    assert said in error.message
    assert len(error.message) < 400


def test_what_stands_behind_the_told_length_is_not_read(here: Host) -> None:
    here.plays["/feed"] = answer(FEED + b"HTTP/1.1 200 OK\r\n\r\nforged", length=len(FEED))
    assert get(here.url("/feed")).body == FEED


def test_a_thousand_headers_are_no_reason_to_give_up(here: Host) -> None:
    here.plays["/feed"] = answer(FEED, *(f"X-{number}: y" for number in range(1000)))
    assert get(here.url("/feed")).body == FEED


def test_nobody_at_a_port_or_behind_a_name_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert "no connection: Connection refused" in refused(f"http://127.0.0.1:{port}/").message
    assert "its name nowhere.example is not known" in refused("http://nowhere.example/", resolve=names()).message


@pytest.mark.parametrize("dead", ["2606:2800:220::1", "2606:2800:220::1 2606:2800:220::2 2606:2800:220::3"])
def test_the_next_address_of_a_host_is_tried_when_the_first_is_dead(here: Host, dead: str) -> None:
    class Half(Network):
        async def connect_tcp(self, host: str, *given: Any, **named: Any) -> Any:
            if ":" in host:
                return await nobody.connect_tcp(host, *given, **named)
            return await super().connect_tcp(host, *given, **named)

    here.plays["/feed"] = answer(FEED)
    nobody, network, resolve = Network(), Half(here), names(feeds_example=f"{dead} {PUBLIC}")
    assert get(here.url("/feed", "feeds.example"), allow_private=False, dial=network, resolve=resolve).body == FEED
    assert (nobody.dialled, network.dialled) == (["2606:2800:220::1"], [PUBLIC])


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
