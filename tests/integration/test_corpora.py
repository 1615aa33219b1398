"""The readers on what others collected: feeds, broken feeds, attacks, naughty strings; and against two oracles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import feedparser
import pytest

from digest import sources, text
from digest.errors import SourceError
from digest.model import Batch
from digest.sources import dates, feeds
from digest.sources.draft import Draft
from tests.factories import make_source

pytestmark = pytest.mark.shared

# Not compared, because feedparser and we differ on purpose:
APART = {
    "cdf": "Channel Definition Format, of 1997: no source of papers speaks it",
    "category_image": "feedparser takes the title of an image inside a category for the item's",
    "rel_enclosure_no_href": "feedparser takes the text of an enclosure for the link",
}


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def read(data: bytes, name: str) -> Batch | None:
    try:
        return sources.read(data, source=make_source(), name=name)
    except SourceError:
        return None


def json_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("corpus", ["feedparser", "feedvalidator", "gofeed", "json", "xml-attacks", "blns"])
def test_no_file_raises_or_hangs_or_is_read_differently_twice(shared: Path, corpus: str) -> None:
    for path in files(shared / "corpora" / corpus):
        data = path.read_bytes()
        started = perf_counter()
        first = read(data, path.name)
        assert perf_counter() - started < 5, path
        assert read(data, path.name) == first, path


def test_nothing_of_an_attack_is_read_as_a_feed(shared: Path) -> None:
    for line in json_lines(shared / "corpora/xml-attacks/lines.jsonl"):
        batch = read(line["xml"].encode("utf-8", "replace"), "attack.xml")
        assert batch is None or not batch.entries, line


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


def test_title_link_and_id_agree_with_feedparser(shared: Path) -> None:
    compared, differing = 0, []
    for path in files(shared / "corpora/feedparser/cases/wellformed"):
        if any(part in path.name for part in APART) or path.parent.name in APART:
            continue
        expected, found = _by_feedparser(path), [_shown(draft) for draft in _drafts(path)]
        compared += max(len(expected), len(found))
        if expected != found:
            differing.append(path.name)
    rate = 1 - len(differing) / compared
    print(f"\n{compared} entries, {rate:.2%} as feedparser reads them; differing: {differing}")
    assert compared > 500
    assert rate >= 0.998


def test_broken_feeds_agree_with_feedparser(shared: Path) -> None:
    for folder in ("illformed", "encoding", "entities"):
        for path in files(shared / "corpora/feedparser/cases" / folder):
            assert [_shown(draft) for draft in _drafts(path)] == _by_feedparser(path), path
            assert _title(path) == text.plain(_oracle(path).feed.get("title", "")), path


def test_title_link_and_date_agree_with_gofeed(shared: Path) -> None:
    corpus = shared / "corpora/gofeed"
    for record in files(corpus / "expected"):
        case = (corpus / "cases" / record.relative_to(corpus / "expected")).with_suffix(".xml")
        if not case.exists() or "base64" in case.name:  # gofeed keeps markup where feedparser and we keep words
            continue
        recorded = json.loads(record.read_bytes())
        items: list[dict[str, Any]] = recorded.get("items") or recorded.get("entries") or []
        for item, draft in zip(items, _drafts(case), strict=True):
            assert draft.title.plain == text.plain(item.get("title") or ""), case
            assert "link" not in item or text.safe_url(draft.link) == text.safe_url(item["link"]), case
            written = item.get("publishedParsed") or item.get("pubDateParsed")
            assert not written or dates.parse(written) in (draft.listed, draft.announced), case


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
