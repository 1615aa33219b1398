"""The HTTP client and answers that are too slow, too large, packed, or broken."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from digest.fetch import Limits
from digest.fetch.decoding import OFFERED
from tests.fetching import PUBLIC, get, refused
from tests.hosts import Host, Network, Play, answer, drip, endless, names, packed, raw, redirect, reset, silent, slow

FEED = b"<rss><channel><title>Papers</title></channel></rss>"
QUICK = Limits(connect=timedelta(seconds=0.3), total=timedelta(seconds=0.4))
SMALL = Limits(wire=100_000, unpacked=3_000_000)

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
