"""When a source is behind: editions wait for it, then go and say so; and what turns out wrong later is told as well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from digest.app import App, opened
from digest.cli import cli
from digest.config.settings import Settings, SiteSettings, StoreSettings
from digest.model import Arrival, Edition, Entry, Health, PeriodKind, Source, SourceId, SourceState, TopicId
from digest.render.standing import line_of
from digest.work.composing import compose_day, compose_due
from digest.work.counting import corpus_of
from digest.work.importing import ingest
from digest.work.previewing import preview
from digest.work.publishing import parcels
from digest.work.standing import conditions
from tests.factories import Clock, make_entry, make_source, make_topic

ARXIV = make_source("arxiv", kind="arxiv-feed", name="arXiv", url="https://rss.example/rss/cs.CL+cs.AI")
HF = make_source("hf", kind="daily-papers", name="Daily papers", url="https://hf.example/api/daily_papers")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The batch of Thursday, 19 November, is announced at 01:00 UTC and shown at 05:00.
THURSDAY = datetime(2026, 11, 19, tzinfo=UTC)
TOPIC = make_topic("cache", should=("cache",), min_score=0.0, periods=(PeriodKind.DAY,))


@pytest.fixture
def clock() -> Clock:
    return Clock(THURSDAY - DAY)


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    site = SiteSettings(url="https://papers.example", tag="papers.example,2026", secret="s" * 32)
    return Settings(site=site, store=StoreSettings(url=store_url), folder=tmp_path)


@pytest.fixture
def app(settings: Settings, clock: Clock) -> Iterator[App]:
    """A site that polled arXiv's batches for six weeks, the last one on Wednesday."""
    with opened(settings, now=clock) as app:
        app.store.put_topics([TOPIC])
        app.store.put_sources([ARXIV])
        for turn in app.timetables["arxiv-feed"].turns(clock.instant - 42 * DAY, clock.instant - DAY):
            sizes = {"": 54, "cs.CL": 30, "cs.AI": 24}
            at = turn.opens + 5 * HOUR
            app.store.save_arrivals(
                Arrival(source_id=ARXIV.id, category=name, at=at, entries=size) for name, size in sizes.items()
            )
        show(app, clock.instant + 6 * HOUR, cl=30, ai=24)
        yield app


def poll(app: App, at: datetime, *entries: Entry, source: Source = ARXIV) -> None:
    """What a poll writes down."""
    health = Health(source_id=source.id, last_poll=at, last_ok=at, baseline_at=THURSDAY - 50 * DAY)
    ingest(replace_clock(app, at), source, entries)
    app.store.save_health(health)


def replace_clock(app: App, at: datetime) -> App:
    return App(settings=app.settings, store=app.store, now=lambda: at)


def show(app: App, at: datetime, *, cl: int, ai: int) -> None:
    """Let arXiv show a new batch."""
    names = [("cs.CL", n) for n in range(cl)] + [("cs.AI", n) for n in range(ai)]
    poll(
        app,
        at,
        *(
            make_entry(f"{at:%m%d} {name} {n} of the cache", source_id=ARXIV.id, categories=(name,), listed=at)
            for name, n in names
        ),
    )


def composed_at(app: App, clock: Clock, at: datetime) -> list[Edition]:
    clock.instant = at
    return compose_due(app, app.store.topics())


def test_an_edition_waits_for_the_batch_and_goes_as_soon_as_it_is_there(app: App, clock: Clock) -> None:
    assert composed_at(app, clock, THURSDAY + 5 * HOUR) == []
    show(app, THURSDAY + 5.5 * HOUR, cl=30, ai=24)
    (edition,) = composed_at(app, clock, THURSDAY + 5.5 * HOUR)
    assert (edition.health, edition.as_of) == (None, THURSDAY + 5.5 * HOUR)


def test_at_compose_by_it_goes_with_what_is_there_and_says_so(app: App, clock: Clock) -> None:
    poll(app, THURSDAY + 6 * HOUR)
    assert composed_at(app, clock, THURSDAY + 7 * HOUR - timedelta(minutes=1)) == []
    (edition,) = composed_at(app, clock, THURSDAY + 7 * HOUR)
    assert line_of(edition.health) == "arXiv still shows Wednesday's batch"


def test_one_stale_category_is_told(app: App, clock: Clock) -> None:
    show(app, THURSDAY + 5 * HOUR, cl=30, ai=0)
    (edition,) = composed_at(app, clock, THURSDAY + 7 * HOUR)
    assert line_of(edition.health) == "arXiv cs.AI still shows Wednesday's batch"


def test_so_is_one_of_which_other_categories_bring_a_few(app: App, clock: Clock) -> None:
    show(app, THURSDAY + 5 * HOUR, cl=30, ai=2)
    (edition,) = composed_at(app, clock, THURSDAY + 7 * HOUR)
    assert line_of(edition.health) == "arXiv cs.AI brought only 2 of the 24 papers of a Thursday so far"


def test_on_a_weekend_nothing_waits(app: App, clock: Clock) -> None:
    for day in range(2):
        show(app, THURSDAY + day * DAY + 5 * HOUR, cl=30, ai=24)
        composed_at(app, clock, THURSDAY + day * DAY + 5 * HOUR)
    for day in (2, 3):
        (edition,) = composed_at(app, clock, THURSDAY + day * DAY + 5 * HOUR)
        assert edition.health is None


def test_a_topic_waits_only_for_its_own_sources(app: App, clock: Clock) -> None:
    app.store.put_sources([HF])
    poll(app, THURSDAY - DAY, source=HF)
    app.store.put_topics([make_topic("votes", sources=(HF.id,), periods=(PeriodKind.DAY,))])
    show(app, THURSDAY + 5 * HOUR, cl=30, ai=24)
    app.store.save_arrivals([Arrival(source_id=HF.id, category="", at=THURSDAY - DAY, entries=9)])
    failing = app.store.source_health([HF.id])[HF.id]
    app.store.save_health(replace(failing, failing_since=THURSDAY - 10 * HOUR, failures=4, last_error="refused"))
    early = composed_at(app, clock, THURSDAY + 5 * HOUR)
    assert early == []
    app.store.put_topics([replace(TOPIC, sources=(ARXIV.id,))])
    assert [one.topic.id for one in composed_at(app, clock, THURSDAY + 6 * HOUR)] == ["cache"]
    (votes,) = composed_at(app, clock, THURSDAY + 7 * HOUR)
    assert votes.topic.id == "votes"
    assert line_of(votes.health) == "Daily papers could not be reached since Wednesday 14:00"


def test_what_fails_since_days_is_told_but_not_waited_for(app: App, clock: Clock) -> None:
    health = app.store.source_health([ARXIV.id])[ARXIV.id]
    app.store.save_health(replace(health, failing_since=THURSDAY - 20 * DAY, failures=40, last_error="refused"))
    (edition,) = composed_at(app, clock, THURSDAY + 5 * HOUR)
    assert line_of(edition.health) == "arXiv could not be reached since 30 October 00:00"


def test_a_day_that_is_made_up_for_later_says_nothing_of_today(app: App, clock: Clock) -> None:
    clock.instant = THURSDAY - DAY + 7 * HOUR
    compose_day(app, [TOPIC], clock.instant.date())
    poll(app, THURSDAY + 2 * DAY)
    editions = composed_at(app, clock, THURSDAY + 2 * DAY + 8 * HOUR)
    assert [(one.period.label, bool(one.health)) for one in editions] == [("2026-11-19", False), ("2026-11-20", True)]


def test_the_line_is_frozen_and_stands_in_mail_page_and_feeds(app: App, clock: Clock) -> None:
    line = "arXiv still shows Wednesday's batch."
    poll(app, THURSDAY + 6 * HOUR)
    clock.instant = THURSDAY + 6 * HOUR
    assert line_of(preview(app, TOPIC, THURSDAY.date() - DAY)[0].health) == "arXiv still shows Wednesday's batch"
    (edition,) = composed_at(app, clock, THURSDAY + 7 * HOUR)
    show(app, THURSDAY + 9 * HOUR, cl=30, ai=24)
    again, files = preview(app, TOPIC, edition.period.start)
    assert again == edition
    assert line in unescape(files["mail.html"].decode())
    assert line in files["mail.txt"].decode()
    assert all(b"still shows Wednesday" in files[f"feed.{kind}"] for kind in ("rss", "atom", "json"))
    pages = (file for parcel in parcels(app) for file in parcel.files(()) if edition.period.label in file.path)
    assert any(line in unescape(file.make().decode()) for file in pages)


def test_each_category_has_a_state(app: App, clock: Clock) -> None:
    show(app, THURSDAY + 9 * HOUR, cl=30, ai=2)
    clock.instant = THURSDAY + 9 * HOUR
    states = {one.category: one.state for one in conditions(app)}
    assert states == {None: SourceState.FRESH, "cs.CL": SourceState.FRESH, "cs.AI": SourceState.STALLED}


# A command reads the true clock: whatever day it is, a batch of last month is long gone.
def test_the_command_says_what_is_stuck(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_text(f'[store]\nurl = "{settings.store.url}"\n', "utf-8")
    with opened(settings) as app:
        app.store.put_sources([ARXIV])
        at = app.now() - 20 * DAY
        ingest(replace_clock(app, at), ARXIV, [make_entry("One", source_id=ARXIV.id, categories=("cs.CL",))])
        app.store.save_health(
            Health(source_id=ARXIV.id, last_poll=app.now(), last_ok=app.now(), baseline_at=at - 20 * DAY)
        )
    plain = CliRunner().invoke(cli, ["status", "--config", str(tmp_path / "digest.toml")])
    assert plain.exit_code == 1
    assert "stuck: source arxiv: arXiv still shows the batch of" in plain.stderr
    assert "arxiv cs.AI" in plain.stdout
    told = CliRunner().invoke(cli, ["status", "--json", "--config", str(tmp_path / "digest.toml")])
    sources = msgspec.json.decode(told.stdout)["sources"]
    assert [(one["source_id"], one["category"], one["state"]) for one in sources] == [
        ("arxiv", None, "stalled"),
        ("arxiv", "cs.CL", "stalled"),
        ("arxiv", "cs.AI", "stalled"),
    ]


def announce(app: App, at: datetime, title: str, source: str = "lab", **changes: object) -> None:
    entry = make_entry(title, source_id=SourceId(source), **changes)
    ingest(replace_clock(app, at), make_source(source), [entry])


def first_picks(app: App, clock: Clock, day: datetime) -> Edition:
    clock.instant = day
    (edition,) = compose_day(app, [TOPIC], day.date())
    return edition


@pytest.fixture
def desk(settings: Settings, clock: Clock) -> Iterator[App]:
    """A site without polled sources."""
    with opened(settings, now=clock) as app:
        app.store.put_topics([TOPIC])
        yield app


def test_a_withdrawn_paper_gets_a_line_in_the_next_edition_that_holds_something(desk: App, clock: Clock) -> None:
    announce(desk, THURSDAY, "A cache", arxiv_id="2611.00010", version=1)
    first = first_picks(desk, clock, THURSDAY + HOUR)
    assert [pick.paper.title for pick in first.picks] == ["A cache"]
    announce(desk, THURSDAY + DAY, "Gone", external_id="A cache", arxiv_id="2611.00010", version=2, withdrawn=True)
    empty = first_picks(desk, clock, THURSDAY + DAY)
    assert (empty.picks, empty.withdrawn) == ((), ())
    announce(desk, THURSDAY + 2 * DAY, "Another cache")
    told = first_picks(desk, clock, THURSDAY + 2 * DAY)
    assert [(one.title, one.label) for one in told.withdrawn] == [("A cache", "2026-11-19")]
    announce(desk, THURSDAY + 3 * DAY, "A third cache")
    assert first_picks(desk, clock, THURSDAY + 3 * DAY).withdrawn == ()
    _, files = preview(desk, TOPIC, told.period.start)
    for name in ("mail.html", "mail.txt", "feed.rss"):
        assert "Withdrawn since we showed it" in " ".join(files[name].decode().split()), name


def test_papers_that_become_one_are_picked_once(desk: App, clock: Clock) -> None:
    announce(desk, THURSDAY, "A preprint on the cache", "preprints", arxiv_id="2611.00010")
    announce(desk, THURSDAY + HOUR, "An article on the cache", "journal", doi="10.1000/182", abstract="In print.")
    first = first_picks(desk, clock, THURSDAY + 2 * HOUR)
    assert len(first.picks) == 2
    announce(desk, THURSDAY + DAY, "The cache, indexed", "index", arxiv_id="2611.00010", doi="10.1000/182")
    second = first_picks(desk, clock, THURSDAY + DAY)
    assert (second.picks, second.considered) == ((), 1)
    assert corpus_of(desk).papers == desk.store.tally()["paper"] == 1
    assert desk.store.edition(first.id) == first
    assert desk.store.picked(TopicId("cache"), PeriodKind.DAY) == {"arxiv:2611.00010"}
