"""The main job on real input: pages imported, editions composed and published, previewed and replayed."""

from __future__ import annotations

from calendar import timegm
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import msgspec
import pytest

from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, StoreSettings
from digest.errors import NotFoundError
from digest.model import Edition, PeriodKind, TopicId
from digest.render import paths
from digest.work.composing import compose_day, compose_due
from digest.work.importing import FileReport, import_file
from digest.work.previewing import preview
from digest.work.publishing import publish
from digest.work.ranking import find_paper
from digest.work.starting import seed
from tests.factories import Clock

MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)
Times = Callable[[timedelta], None]


@pytest.fixture
def clock() -> Clock:
    return Clock(MORNING)


@pytest.fixture
def app(store_url: str, clock: Clock) -> Iterator[App]:
    settings = Settings(
        site=SiteSettings(url="https://papers.example", tag="papers.example,2026", secret="x" * 32),
        store=StoreSettings(url=store_url),
    )
    with opened(settings, now=clock) as app:
        seed(app)
        yield app


def pages(shared: Path) -> list[Path]:
    return sorted((shared / "seeds").glob("*.txt"))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def totals(reports: list[FileReport]) -> Counter[str]:
    return Counter(
        {name: sum(getattr(one, name) for one in reports) for name in ("read", "new", "merged", "unchanged")}
    )


@pytest.mark.shared
def test_five_pages_become_455_papers_and_a_second_import_none(app: App, shared: Path) -> None:
    first = totals([import_file(app, page) for page in pages(shared)])
    assert (first["read"], first["new"], first["merged"]) == (551, 455, 96)
    again = totals([import_file(app, page) for page in pages(shared)])
    assert (again["read"], again["new"], again["unchanged"]) == (551, 0, 551)
    papers = app.store.papers_between(MORNING, MORNING + timedelta(hours=1), as_of=MORNING)
    assert len(papers) == 455
    assert all(paper.listed is None and paper.submitted is None and not paper.authors for paper in papers)


@pytest.mark.shared
def test_from_saved_pages_to_feeds_that_read_back_equal(app: App, clock: Clock, shared: Path, tmp_path: Path) -> None:
    for page in pages(shared):
        import_file(app, page)
    topics = app.store.topics()
    clock.instant += timedelta(days=1)
    composed = compose_due(app, topics)
    days = {one.topic.id: one for one in composed if one.period.kind is PeriodKind.DAY}
    assert sum(len(one.picks) >= 3 for one in days.values()) >= 5

    publish(app, tmp_path / "site")
    for topic in topics:
        assert_read_back(app, days[topic.id], tmp_path / "site")

    before = tree(tmp_path / "site")
    assert compose_due(app, topics) == []
    assert publish(app, tmp_path / "site").written == 0
    assert tree(tmp_path / "site") == before


def assert_read_back(app: App, edition: Edition, site: Path) -> None:
    """The published RSS, Atom and JSON feeds hold the edition's picks, in order, with equal fields."""
    folder = site / "topics" / edition.topic.id
    ids = [paths.tag_uri(app.site, f"paper:{pick.paper.id}") for pick in edition.picks]
    for name in ("feed.rss", "feed.atom"):
        read = feedparser.parse((folder / name).read_bytes(), sanitize_html=False, resolve_relative_uris=False)
        assert not read.bozo
        assert [entry.title for entry in read.entries] == [pick.paper.title for pick in edition.picks]
        assert [entry.id for entry in read.entries] == ids
        assert all(entry.link.startswith("https://papers.example/topics/") for entry in read.entries)
        assert [timegm(entry.published_parsed) for entry in read.entries] == [
            int(edition.dated.timestamp()) - place for place in range(len(ids))
        ]
    json = msgspec.json.decode((folder / "feed.json").read_bytes())
    assert [item["id"] for item in json["items"]] == ids
    assert [item["title"] for item in json["items"]] == [pick.paper.title for pick in edition.picks]


@pytest.mark.shared
def test_a_preview_is_what_is_composed_and_a_replay_is_the_same_bytes(app: App, clock: Clock, shared: Path) -> None:
    for page in pages(shared):
        import_file(app, page)
    topic = app.store.topic(TopicId("efficient-inference"))
    day = MORNING.date()
    draft, ahead = preview(app, topic, day)
    state = app.store.tally()
    assert preview(app, topic, day)[1] == ahead
    assert app.store.tally() == state

    compose_day(app, [topic], day)
    frozen, replay = preview(app, topic, day)
    assert [pick.paper.id for pick in frozen.picks] == [pick.paper.id for pick in draft.picks]
    assert [pick.score for pick in frozen.picks] == [pick.score for pick in draft.picks]
    clock.instant += timedelta(days=40)
    import_file(app, pages(shared)[0])
    assert preview(app, topic, day)[1] == replay
    assert set(replay) == {"mail.html", "mail.txt", "mail.eml", "feed.rss", "feed.atom", "feed.json"}


@pytest.mark.shared
def test_a_topic_picks_a_paper_once_a_kind_of_period(app: App, clock: Clock, shared: Path) -> None:
    for page in pages(shared):
        import_file(app, page)
    topic = app.store.topic(TopicId("efficient-inference"))
    seen: Counter[tuple[PeriodKind, str]] = Counter()
    for _ in range(12):
        clock.instant += timedelta(days=1)
        for edition in compose_due(app, [topic]):
            seen.update((edition.period.kind, pick.paper.id) for pick in edition.picks)
    assert max(seen.values()) == 1
    assert {kind for kind, _ in seen} == {PeriodKind.DAY, PeriodKind.WEEK}


def test_an_empty_topic_has_an_honest_page_and_a_valid_empty_feed(app: App, tmp_path: Path) -> None:
    publish(app, tmp_path)
    read = feedparser.parse((tmp_path / "topics" / "vision" / "feed.atom").read_bytes())
    assert (read.bozo, read.entries) == (False, [])
    assert read.feed.title
    assert (tmp_path / "topics" / "vision" / "index.html").exists()


@pytest.mark.shared
def test_a_paper_is_found_by_the_beginning_of_its_title(app: App, shared: Path) -> None:
    for page in pages(shared):
        import_file(app, page)
    assert find_paper(app, "quest").title.startswith("Quest: Query-Aware Sparsity")
    with pytest.raises(NotFoundError, match="more than one paper"):
        find_paper(app, "language models")
