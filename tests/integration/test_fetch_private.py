"""No question ever reaches an address that is not public: however it is spelled, wherever a redirect or name leads."""

from __future__ import annotations

import asyncio
import json
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from digest.errors import FetchError
from digest.fetch import Request
from digest.fetch.addresses import refusal
from tests.audit import audited
from tests.fetching import PUBLIC, fetcher, get, refused
from tests.hosts import Host, Network, answer, names, redirect

FEED = b"<rss><channel><title>Papers</title></channel></rss>"
PERMANENT = "301 Moved Permanently"


# What is an inner address

INNER = [
    "127.0.0.1", "127.255.255.254", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1",
    "fd12:3456::1", "100.64.0.1", "100.127.255.255",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "0.1.2.3", "::", "169.254.169.254", "fe80::1", "febf::1", "224.0.0.1", "239.255.255.255", "ff02::1",
    "255.255.255.255", "240.0.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9",
    "192.88.99.1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:5db8:d822::", "3fff::1", "5f00::1", "4000::1",
    "::ffff:127.0.0.1", "::ffff:93.184.216.34", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "fec0::1",
]  # fmt: skip


@pytest.mark.parametrize("address", [*INNER, *NEVER])
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal(address, allow_private=False)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_stay_refused_on_a_home_network(address: str) -> None:
    behind_nat64 = address == "64:ff9b::7f00:1"
    assert bool(refusal(address, allow_private=True)) != behind_nat64


@pytest.mark.parametrize("address", INNER)
def test_a_home_network_may_be_allowed(address: str) -> None:
    assert refusal(address, allow_private=True) is None


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"]
)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert refusal(address, allow_private=False) is None


SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0177.1", "017700000001",
    "0", "0.0.0.0", "10.1", "0xa9fea9fe", "2852039166", "0300.0250.0.1", "0xC0A80001", "3232235521", "0x7F.0.0.0x1",
    "00000177.0.0.1", "127.0.0.1.", "[::ffff:0x7f.1]", "[::127.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::a9fe:a9fe]",
    "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1%25lo]", "[fd00::1]", "[fec0::1]", "[ff02::1]", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:169.254.169.254]", "[64:ff9b::7f00:1]", "[fe80::1]",
    "１２７.０.０.１", "127。0。0。1",
]  # fmt: skip


@pytest.mark.parametrize("spelled", SPELLINGS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_an_inner_address_opens_a_socket(scheme: str, spelled: str) -> None:
    with audited("socket.connect") as opened:
        refused(f"{scheme}://{spelled}/", allow_private=False)
    assert opened == []


def test_the_watch_over_sockets_sees_them(here: Host) -> None:
    here.plays["/feed"] = answer(FEED)
    with audited("socket.connect") as opened:
        get(here.url("/feed"))
    assert [address for _, (_, address) in opened] == [("127.0.0.1", here.port)]


def test_a_name_server_that_changes_its_mind_wins_nothing(here: Host) -> None:
    here.plays |= {"/a": redirect("/b"), "/b": answer(b"the secret")}
    network, resolve = Network(here), names(feeds_example=[PUBLIC, "127.0.0.1"])
    with audited("socket.connect") as opened:
        error = refused(here.url("/a", "feeds.example"), allow_private=False, dial=network, resolve=resolve)
    assert "feeds.example is at 127.0.0.1, which is loopback" in error.message
    assert "fetch.allow_private" in str(error.hint)
    assert network.dialled == [PUBLIC]
    assert len(opened) == 1
    assert [asked.path for asked in here.asked] == ["/a"]


def test_a_name_is_looked_up_once_a_connection(here: Host) -> None:
    here.plays["/feed"] = answer(FEED)
    network, resolve = Network(here), names(feeds_example=[PUBLIC, "127.0.0.1"])
    assert get(here.url("/feed", "feeds.example"), allow_private=False, dial=network, resolve=resolve).body == FEED
    assert network.dialled == [PUBLIC]


def test_one_inner_address_among_public_ones_is_enough_to_refuse(here: Host) -> None:
    network, resolve = Network(here), names(feeds_example=f"{PUBLIC} 10.0.0.1")
    assert (
        "which is private"
        in refused("http://feeds.example/", allow_private=False, dial=network, resolve=resolve).message
    )
    assert network.dialled == []


@pytest.mark.parametrize("target", ["http://127.0.0.1/", "http://[::1]/", "http://metadata.internal/", "//2130706433/"])
def test_a_redirect_to_an_inner_address_is_not_followed(here: Host, target: str) -> None:
    here.plays["/feed"] = redirect(target)

    async def resolve(name: str, port: int) -> list[str]:
        known = {"feeds.example": PUBLIC, "metadata.internal": "169.254.169.254", "2130706433": "127.0.0.1"}
        return [known.get(name, name)]

    network = Network(here)
    error = refused(here.url("/feed", "feeds.example"), allow_private=False, dial=network, resolve=resolve)
    assert "sent on to " in error.message
    assert network.dialled == [PUBLIC]


def test_of_the_hostile_addresses_none_reaches_an_inner_host(shared: Path) -> None:
    folder = shared / "corpora" / "urls"
    rows = [
        json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()
    ]
    urls = [text for row in rows for text in (row.get("url"), row.get("input"), row.get("href")) if text]
    assert len(urls) > 700

    async def hostile(name: str, port: int) -> list[str]:
        """What looks like a number is what the system makes of it, and every name is an inner host's."""
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            return ["127.0.0.1"]
        return [str(address[0]) for *_, address in found]

    network = Network()

    async def each() -> None:
        async with fetcher(allow_private=False, dial=network, resolve=hostile) as client:
            for url in urls:
                with pytest.raises(FetchError):
                    await client.get(Request(url=url))

    with audited("socket.connect") as opened:
        asyncio.run(each())
    assert opened == []
    assert network.dialled
    assert [address for address in network.dialled if not ip_address(address).is_global] == []


@pytest.mark.parametrize("hop", range(1, 6))
@pytest.mark.parametrize("inner", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1", "fe80::1", "64:ff9b::a00:1"])
def test_on_every_hop_the_address_is_judged_anew(here: Host, hop: int, inner: str) -> None:
    here.plays |= {
        f"/{number}": redirect(f"http://hop{number + 1}.example:{here.port}/{number + 1}") for number in range(hop)
    }
    here.plays[f"/{hop}"] = answer(b"the secret")
    known = {f"hop{number}_example": PUBLIC for number in range(hop)} | {f"hop{hop}_example": inner}
    network = Network(here)
    with audited("socket.connect") as opened:
        error = refused(here.url("/0", "hop0.example"), allow_private=False, dial=network, resolve=names(**known))
    assert inner in error.message
    assert network.dialled == [PUBLIC] * hop
    assert len(opened) == hop
    assert [asked.path for asked in here.asked] == [f"/{number}" for number in range(hop)]


def test_a_name_that_turns_inward_between_two_questions_is_refused_at_the_second(here: Host) -> None:
    here.plays["/feed"] = answer(FEED)
    network, resolve = Network(here), names(feeds_example=[PUBLIC, "192.168.1.1"])

    async def twice() -> None:
        async with fetcher(allow_private=False, dial=network, resolve=resolve) as client:
            request = Request(url=here.url("/feed", "feeds.example"))
            assert (await client.get(request)).body == FEED
            with pytest.raises(FetchError, match="which is private"):
                await client.get(request)

    asyncio.run(twice())
    assert network.dialled == [PUBLIC]


def test_what_is_posted_is_judged_alike_and_sent_on_nowhere(here: Host) -> None:
    here.plays["/api"] = redirect("http://127.0.0.1/", "307 Temporary Redirect")
    network = Network(here)

    async def post(name: str) -> int:
        async with fetcher(
            allow_private=False, dial=network, resolve=names(api_example=PUBLIC, inner_example="10.0.0.1")
        ) as client:
            return (await client.get(Request(url=here.url("/api", name), body=b"{}"))).status

    assert asyncio.run(post("api.example")) == 307
    with pytest.raises(FetchError, match="which is private"):
        asyncio.run(post("inner.example"))
    assert network.dialled == [PUBLIC]


def test_an_inner_network_that_is_allowed_does_not_open_the_rest(here: Host) -> None:
    here.plays["/feed"] = redirect("http://169.254.169.254/latest/meta-data/", PERMANENT)
    with audited("socket.connect") as opened:
        error = refused(here.url("/feed"), allow_private=True)
    assert "169.254.169.254 is link-local" in error.message
    assert [address for _, (_, address) in opened] == [("127.0.0.1", here.port)]
