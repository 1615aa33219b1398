"""The readers on what others collected: feeds, broken feeds, attacks, naughty strings; and against two oracles."""

from __future__ import annotations

import json
import re
import warnings
from calendar import timegm
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from time import process_time
from typing import Any
from xml.sax.saxutils import quoteattr

import feedparser
import html5lib
import pytest

from digest import sources, text
from digest.errors import SourceError
from digest.model import Batch, Entry
from digest.sources import dates, feeds
from digest.sources.draft import Draft
from tests.audit import audited
from tests.factories import make_source
from tests.hosts import answer, host

pytestmark = pytest.mark.shared

CORPORA = (
    *("feedparser", "feedvalidator", "gofeed", "json", "xml-attacks"),
    *("blns", "html5lib-tokenizer", "urls", "xss", "idna", "ssti"),
)
# Not compared, because feedparser and we differ on purpose:
APART = {
    "cdf": "Channel Definition Format, of 1997: no source of papers speaks it",
    "category_image": "feedparser takes the title of an image inside a category for the item's",
    "rel_enclosure_no_href": "feedparser takes the text of an enclosure for the link",
}
# Not compared with gofeed: it keeps the markup of a title where feedparser and we keep its words.
BASE64 = "base64"
# Such a payload also stands outside of its script.
TWICE = 2


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def read(data: bytes, name: str) -> Batch | None:
    try:
        return sources.read(data, source=make_source(), name=name)
    except SourceError:
        return None


def json_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("corpus", CORPORA)
def test_no_file_raises_or_hangs_or_is_read_differently_twice(shared: Path, corpus: str) -> None:
    for path in files(shared / "corpora" / corpus):
        data = path.read_bytes()
        begun = process_time()
        first = read(data, path.name)
        assert process_time() - begun < 1, path
        assert read(data, path.name) == first, path


def test_nothing_of_an_attack_is_read_as_a_feed(shared: Path) -> None:
    for attack in _attacks(shared):
        batch = read(attack.encode("utf-8", "replace"), "attack.xml")
        assert batch is None or not batch.entries, attack


def test_an_attack_inside_a_feed_opens_no_file_and_no_socket(shared: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("the canary sings")
    with host({"/": answer(b"the canary sings")}) as server:
        hostile = [_aimed(attack, canary.as_uri(), server.url()) for attack in _attacks(shared)]
        read(hostile[0].encode(), "attack.xml")  # whatever is imported on first use
        with audited("open", "socket.", "subprocess.", "os.exec") as seen:
            found = [read(feed.encode("utf-8", "replace"), "attack.xml") for feed in hostile]
        assert seen == []
        assert server.asked == []
    read_as_feeds = [batch for batch in found if batch and batch.entries]
    assert len(read_as_feeds) > len(hostile) / 2
    assert not any("sings" in repr(batch) for batch in read_as_feeds)


def test_naughty_strings_come_back_as_titles(shared: Path) -> None:
    strings = json_lines(shared / "corpora/blns/strings.jsonl")
    papers = [{"title": f"{number}. {naughty}", "id": str(number)} for number, naughty in enumerate(strings)]
    batch = read("\n".join(map(json.dumps, papers)).encode(), "blns.jsonl")
    assert batch is not None
    assert batch.problems == ()
    assert [entry.title for entry in batch.entries] == [text.clean(str(paper["title"])) for paper in papers]


@pytest.mark.parametrize("function", [text.plain, text.safe_url, text.code_link, text.fold, text.slug, text.sentences])
def test_naughty_strings_raise_nowhere(shared: Path, function: Callable[[str], object]) -> None:
    for naughty in json_lines(shared / "corpora/blns/strings.jsonl"):
        function(naughty)


@pytest.mark.parametrize(("corpus", "member"), [("xss/payloads", "payload"), ("html5lib-tokenizer/inputs", "input")])
def test_hostile_html_leaves_clean_text_and_links_wherever_it_stands(shared: Path, corpus: str, member: str) -> None:
    payloads = [row[member] for row in json_lines(shared / f"corpora/{corpus}.jsonl")]
    for wrapped in (_as_rss, _as_atom):
        batch = read(wrapped(payloads).encode("utf-8", "replace"), "feed.xml")
        assert batch is not None
        assert len(batch.entries) + len(batch.problems) == len(payloads)
        assert [each for entry in batch.entries for each in _unclean(entry)] == []


def test_no_script_or_style_is_read_as_words(shared: Path) -> None:
    found: Counter[bool] = Counter()
    for row in json_lines(shared / "corpora/xss/payloads.jsonl"):
        words = text.from_html(row["payload"])
        found.update(text.tidy(script) in words for script in _scripts(row["payload"]))
    print(f"\n{found.total()} scripts and styles, {found[True]} of them also stand outside")
    assert found.total() > 500
    assert found[True] <= TWICE


def test_an_address_is_http_after_joining_or_no_link(shared: Path) -> None:
    kept = 0
    for row in json_lines(shared / "corpora/urls/urltestdata.jsonl"):
        base = row["base"] if str(row["base"]).startswith("http") else None
        link = text.safe_url(row["input"], base)
        assert link is None or link == text.safe_url(link), row
        if row.get("protocol") not in ("http:", "https:", None):
            assert link is None or base, row
        kept += link is not None
    assert kept > 100


@pytest.mark.parametrize("member", ["link", "comments", "enclosure", "guid"])
def test_a_hostile_address_is_rebuilt_or_dropped(shared: Path, member: str) -> None:
    urls = [row["url"] for row in json_lines(shared / "corpora/urls/hostile.jsonl")]
    batch = read(_as_rss(urls, member).encode("utf-8", "replace"), "feed.xml")
    assert batch is not None
    assert [each for entry in batch.entries for each in _unclean(entry)] == []


def test_title_link_id_and_date_agree_with_feedparser(shared: Path) -> None:
    agreed: Counter[str] = Counter()
    compared: Counter[str] = Counter()
    for path in files(shared / "corpora/feedparser/cases/wellformed"):
        if any(part in path.name for part in APART) or path.parent.name in APART:
            continue
        drafts = _drafts(path)
        expected = _by_feedparser(path)
        compared["entries"] += max(len(expected), len(drafts))
        agreed["entries"] += sum(_shown(draft) == other for draft, other in zip(drafts, expected, strict=False))
        for draft, entry in zip(drafts, _oracle(path).entries, strict=False):
            for date in _dates(entry):
                compared["dates"] += 1
                agreed["dates"] += date in (draft.listed, draft.announced, draft.submitted)
    print("".join(f"\n{agreed[what]} of {compared[what]} {what} as feedparser reads them" for what in compared))
    assert compared["entries"] > 500
    assert compared["dates"] > 40
    assert agreed["entries"] >= 0.998 * compared["entries"]
    assert agreed["dates"] == compared["dates"]


def test_broken_feeds_agree_with_feedparser(shared: Path) -> None:
    for folder in ("illformed", "encoding", "entities"):
        for path in files(shared / "corpora/feedparser/cases" / folder):
            assert [_shown(draft) for draft in _drafts(path)] == _by_feedparser(path), path
            assert _title(path) == text.plain(_oracle(path).feed.get("title", "")), path


def test_title_link_id_date_and_authors_agree_with_gofeed(shared: Path) -> None:
    corpus, compared = shared / "corpora/gofeed", Counter[str]()
    for record in files(corpus / "expected"):
        case = (corpus / "cases" / record.relative_to(corpus / "expected")).with_suffix(".xml")
        if not case.exists() or BASE64 in case.name:
            continue
        recorded = json.loads(record.read_bytes())
        items: list[dict[str, Any]] = recorded.get("items") or recorded.get("entries") or []
        for item, draft in zip(items, _drafts(case), strict=True):
            for field, (theirs, ours) in _beside(item, draft).items():
                assert theirs == ours, (case, field)
                compared[field] += 1
    print(f"\nas gofeed reads them: {dict(compared)}")
    assert compared["title"] > 20
    assert compared.total() > 40


def _beside(item: dict[str, Any], draft: Draft) -> dict[str, tuple[object, object]]:
    """What gofeed says of an item, each beside what we say; a field that it leaves empty is not compared."""
    written = item.get("publishedParsed") or item.get("pubDateParsed") or item.get("updatedParsed") or ""
    guid = item.get("guid") or item.get("id") or ""
    guid = guid.get("value", "") if isinstance(guid, dict) else guid
    people = item.get("authors") or ([item["author"]] if item.get("author") else [])
    named = [one.get("name", "") if isinstance(one, dict) else one for one in people]
    listed = dates.parse(written)
    beside: dict[str, tuple[Any, Any]] = {
        "title": (text.plain(item.get("title") or ""), draft.title.plain),
        "link": (text.safe_url(item.get("link", "")), text.safe_url(draft.link)),
        "id": (text.tidy(guid), text.tidy(draft.id)),
        "date": (listed, listed if listed in (draft.listed, draft.announced) else draft.listed),
        "authors": ([*filter(None, map(text.plain, named))], [*map(text.plain, draft.authors)]),
    }
    return {field: pair for field, pair in beside.items() if pair[0] or (field == "title" and "title" in item)}


def _attacks(shared: Path) -> list[str]:
    folder = shared / "corpora/xml-attacks"
    whole = [path.read_bytes().decode("utf-8", "replace") for path in files(folder / "cases")]
    return [*whole, *(line["xml"] for line in json_lines(folder / "lines.jsonl"))]


def _aimed(attack: str, file: str, address: str) -> str:
    """Return an attack that asks for our file and our server, as a feed with each of its entities in the title."""
    aimed = re.sub(r"""(["'])(?:file|php|expect|jar)[^"']*\1""", f'"{file}"', attack)
    aimed = re.sub(r"""(["'])https?:[^"']*\1""", f'"{address}"', aimed)
    entities = "".join(f"&{name};" for name in re.findall(r"<!ENTITY\s+(\w+)", aimed))
    prolog = aimed[: aimed.rindex("]>") + 2] if "]>" in aimed else '<!DOCTYPE rss [<!ENTITY x SYSTEM "' + file + '">]>'
    return f"{prolog}<rss><channel><item><title>{entities}One</title></item></channel></rss>"


def _as_rss(payloads: list[str], member: str = "link") -> str:
    items = (
        f"<item><title>{number} {escape(each)}</title><description>{escape(each)}</description>"
        f"<author>{escape(each)}</author><category>{escape(each)}</category><{member}>{escape(each)}</{member}></item>"
        for number, each in enumerate(payloads)
    )
    return f"<rss><channel>{_legal(''.join(items))}</channel></rss>"


def _as_atom(payloads: list[str]) -> str:
    entries = (
        f'<entry><title type="html">{number} {escape(each)}</title><content type="html">{escape(each)}</content>'
        f"<author><name>{escape(each)}</name></author><link href={quoteattr(each)}/><id>{escape(each)}</id></entry>"
        for number, each in enumerate(payloads)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{_legal("".join(entries))}</feed>'


def _legal(xml: str) -> str:
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", xml)


def _unclean(entry: Entry) -> Iterator[str]:
    said = (entry.title, entry.abstract or "", *entry.authors, *entry.categories, entry.external_id)
    yield from (each for each in said if text.tidy(each) != each)
    links = (entry.links.abstract, entry.links.pdf, entry.links.code, entry.links.project, entry.links.discussion)
    yield from (link for link in links if link and text.safe_url(link) != link)


def _scripts(payload: str) -> Iterator[str]:
    """What a browser would take for the content of scripts and styles."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # html5lib complains of characters that XML does not know
        tree = html5lib.parseFragment(payload, namespaceHTMLElements=False)
    return (each.text for each in tree.iter() if each.tag in ("script", "style") and len((each.text or "").strip()) > 6)


def _dates(entry: Any) -> Iterator[datetime]:
    parsed = (entry[key] for key in ("published_parsed", "updated_parsed") if key in entry.keys() and entry[key])  # noqa: SIM118 - feedparser's `in` looks elsewhere, too
    return (datetime.fromtimestamp(timegm(date), UTC) for date in parsed)


def _drafts(path: Path) -> list[Draft]:
    data = path.read_bytes()
    feed = feeds.opened(data, None) if feeds.FeedReader().sniff(data, path.name) else None
    return list(feed.drafts) if feed else []


def _title(path: Path) -> str:
    feed = feeds.opened(path.read_bytes(), None)
    return feed.title if feed else ""


def _oracle(path: Path) -> Any:
    return feedparser.parse(path.read_bytes(), sanitize_html=False)


def _by_feedparser(path: Path) -> list[tuple[str, str | None, str]]:
    feed = _oracle(path)
    return [_expected(entry, atom=feed.version.startswith("atom")) for entry in feed.entries]


def _expected(entry: Any, *, atom: bool) -> tuple[str, str | None, str]:
    """What feedparser says, as plain text: its titles keep their markup."""
    kind = entry.get("title_detail", {}).get("type")
    words = text.plain if not atom else text.clean if kind == "text/plain" else text.from_html
    return words(entry.get("title", "")), text.safe_url(entry.get("link", "")), text.tidy(entry.get("id", ""))


def _shown(draft: Draft) -> tuple[str, str | None, str]:
    return draft.title.plain, text.safe_url(draft.link), text.tidy(draft.id)
