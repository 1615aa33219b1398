"""A past day ranked anew is the edition that was released: same picks, same scores, same bytes, whatever came later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, StoreSettings, WeightSettings
from digest.model import Edition, Observation, SignalKind, SourceId, Topic, Weights
from digest.work import desk, fitting
from digest.work.composing import compose_due
from digest.work.importing import ingest
from digest.work.previewing import mail_files
from digest.work.replaying import compare, replay
from tests.factories import Clock, make_entry, make_source, make_topic

DAY = timedelta(days=1)
MORNING = datetime(2026, 11, 16, 6, tzinfo=UTC)
WORDS = ("eviction", "quantization", "prefetching", "sharing", "compression", "paging")
LIST, BLOG = make_source(), make_source("blog", name="A blog")


def announce(app: App, source: str, name: str, votes: int | None = None) -> None:
    text = f"We propose {name} for the KV cache of number {len(name)}. It halves what {name} costs on long inputs."
    entry = make_entry(
        f"{name.title()} of the KV cache",
        source_id=SourceId(source),
        abstract=text,
        listed=app.now(),
        signals=(Observation(kind=SignalKind.UPVOTES, value=votes),) if votes is not None else (),
    )
    ingest(app, LIST if source == "list" else BLOG, [entry])


def live(app: App, clock: Clock, days: range) -> None:
    """A paper or two a day, votes that grow, and an edition each morning."""
    for day in days:
        clock.instant = MORNING + day * DAY
        compose_due(app, app.store.topics())
        clock.instant += timedelta(minutes=1)
        announce(app, "list", f"{WORDS[day % 6]} {day}", votes=day * 3)
        announce(app, "blog", f"{WORDS[(day + 2) % 6]} again {day}")
        announce(app, "list", f"{WORDS[(day - 1) % 6]} {day - 1}", votes=40 - day)


@pytest.fixture
def clock() -> Clock:
    return Clock(MORNING)


@pytest.fixture
def app(store_url: str, clock: Clock) -> Iterator[App]:
    settings = Settings(
        site=SiteSettings(url="https://papers.example", tag="papers.example,2026"), store=StoreSettings(url=store_url)
    )
    with opened(settings, now=clock) as app:
        app.store.put_sources([LIST, BLOG])
        app.store.put_topics([make_topic(should=("KV cache", "eviction", "paging"), min_score=0.0, limit=1)])
        app.store.put_topics([make_topic("blogs", sources=(SourceId("blog"),), min_score=0.0)])
        yield app


def editions(app: App) -> list[Edition]:
    return [one for one in app.store.editions() if one.picks]


def test_five_days_ranked_anew_are_the_same_to_the_byte_after_another_week_of_papers_and_votes(
    app: App, clock: Clock
) -> None:
    live(app, clock, range(6))
    frozen = editions(app)
    assert len(frozen) >= 8
    live(app, clock, range(6, 12))
    announce(app, "blog", "eviction 0")
    for one in frozen:
        found = replay(app, one)
        assert found.differences == ()
        assert msgspec.json.encode(found.edition) == msgspec.json.encode(one)
        assert mail_files(app, [found.edition]) == mail_files(app, [one])


def test_learning_from_the_store_anew_changes_no_past_day(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "SMALL", 5)
    live(app, clock, range(8))
    frozen = editions(app)
    clock.instant += 30 * DAY
    live(app, clock, range(40, 43))
    assert len({app.store.space(at=at).fitted for at in (MORNING + 5 * DAY, app.now())}) == 2  # type: ignore[union-attr]
    for one in frozen:
        assert replay(app, one).differences == ()


def test_what_editors_did_before_the_release_is_replayed_too(app: App, clock: Clock) -> None:
    live(app, clock, range(2))
    clock.instant += DAY
    one = desk.edition_for(app, "kv-cache")
    last = app.store.papers_since(MORNING + DAY - timedelta(seconds=1))[-1]
    desk.pin(app, one, last.id, 1)
    desk.note(app, one, "A word first.")
    live(app, clock, range(3, 6))
    found = app.store.edition(one)
    assert (found.picks[0].paper.id, found.note) == (last.id, "A word first.")
    assert replay(app, found).differences == ()


def test_a_replay_under_other_settings_says_what_differs(app: App, clock: Clock) -> None:
    live(app, clock, range(4))
    settings = replace_weights(app.settings)
    with opened(app.settings, now=clock) as same:
        assert replay(same, editions(app)[0]).differences == ()
    other = App(settings=settings, store=app.store, now=clock)
    assert "would" in replay(other, editions(app)[0]).differences[0]


def replace_weights(settings: Settings) -> Settings:
    return replace(settings, weights=WeightSettings(relevance=0.1, freshness=0.0, trend=0.9))


def test_the_same_weights_change_nothing_on_past_days_and_others_say_what_they_would(app: App, clock: Clock) -> None:
    live(app, clock, range(6))
    before = [msgspec.json.encode(one) for one in app.store.editions()]
    topic = app.store.topic(make_topic().id)
    assert not any(day.changes for day in compare(app, topic, topic, days=5))
    days = compare(app, topic, voted(topic), days=5)
    assert [len(day.entered) for day in days] == [len(day.left) for day in days]
    assert sum(len(day.entered) for day in days) > 0
    assert [msgspec.json.encode(one) for one in app.store.editions()] == before


def voted(topic: Topic) -> Topic:
    return replace(topic, weights=Weights(relevance=0.05, freshness=0.0, trend=0.95))
