"""XML that is broken, wrongly encoded or hostile: what can be read is read, and nothing else happens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from digest import sources
from digest.model import Batch
from digest.sources.encoding import decode
from tests.factories import make_source

OPEN = "<rss><channel><item><title>"
CLOSE = "</title></item></channel></rss>"


def read(data: bytes) -> Batch:
    return sources.read(data, source=make_source(), name="feed.xml")


def title(data: bytes) -> str:
    return read(data).entries[0].title


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("Poincar&eacute; maps &ndash; again", "Poincaré maps – again"),
        ("Bell & Sons &c", "Bell & Sons &c"),
        ("&unknown; entity", "&unknown; entity"),
        ("5 < 6 and 7 <8", "5 < 6 and 7 <8"),
        ("bell \x07\x00 and &#0; &#xFFFE;", "bell and"),
        ("an &#150; of Windows", "an – of Windows"),
        ("<![CDATA[in & a \x01 section]]> & out", "in & a section & out"),
    ],
)
def test_a_broken_title_is_mended_and_not_cut(broken: str, mended: str) -> None:
    assert title(f"{OPEN}{broken}{CLOSE}".encode()) == mended


@pytest.mark.parametrize(
    "feed",
    [
        f"\n\n<?xml version='1.0'?>{OPEN}One{CLOSE}",
        f"PHP Warning: something\n{OPEN}One{CLOSE}",
        f"{OPEN}One{CLOSE}<!-- cached -->\nrubbish",
        f"{OPEN}One</title></item>",
        f"<!-- one -- two -->{OPEN}One{CLOSE}",
        f"<rss><channel><item><dc:date>2026</dc:date><title>One{CLOSE[8:]}",
        f"{OPEN}One</titel></item></channel></rss>",
        f"{OPEN}<![CDATA[One",
        f'<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">{OPEN}One{CLOSE}',
    ],
)
def test_a_feed_that_is_not_well_formed_is_read_as_far_as_it_goes(feed: str) -> None:
    assert title(feed.encode()) == "One"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised_without_a_declaration(encoding: str) -> None:
    assert title(f"{OPEN}Café{CLOSE}".encode(encoding)) == "Café"


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("iso-8859-1", "latin-1"),
        ("utf-8", "windows-1252"),
        ("us-ascii", "utf-8"),
        ("utf-16", "utf-8"),
        ("no-such-thing", "utf-8"),
        ("punycode", "utf-8"),
    ],
)
def test_a_wrong_declaration_of_the_encoding_is_seen_through(declared: str, encoding: str) -> None:
    feed = f'<?xml version="1.0" encoding="{declared}"?>{OPEN}Café{CLOSE}'
    assert title(feed.encode(encoding)) == "Café"


def test_bytes_of_no_encoding_are_decoded_all_the_same() -> None:
    assert decode(b"\x81\xff\xfe") == "\ufffdÿþ"
    assert decode(b"\xff\xfe\x00") == "\ufffd"


def test_no_entity_is_expanded_and_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    entities = f'<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y "expanded"><!ENTITY % z SYSTEM "z.dtd">%z;'
    assert title(f"<!DOCTYPE rss [{entities}]>{OPEN}a &x; b &y;{CLOSE}".encode()) == "a &x; b &y;"


def test_no_address_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        dtd = f"http://127.0.0.1:{server.getsockname()[1]}/x.dtd"
        prolog = f'<!DOCTYPE rss SYSTEM "{dtd}" [<!ENTITY x SYSTEM "{dtd}">]><?xml-stylesheet href="{dtd}"?>'
        assert title(f"{prolog}{OPEN}&x;One{CLOSE}".encode()) == "&x;One"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_billion_laughs_are_not_laughed() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    assert title(f'<!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]>{OPEN}&l11;{CLOSE}'.encode()) == "&l11;"
