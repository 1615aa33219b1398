"""Numbers of papers, asked of services: what is stored, and when it is asked again."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from digest.app import App, opened
from digest.cli import cli
from digest.config.settings import Settings, SignalSettings, StoreSettings
from digest.model import Links, MeterHealth, SignalKind
from digest.sources.signals import METERS
from digest.sources.signals.github import GitHub
from digest.sources.signals.hackernews import HackerNews
from digest.sources.signals.huggingface import HuggingFace
from digest.sources.signals.semanticscholar import SemanticScholar
from digest.work import signals
from digest.work.importing import ingest
from digest.work.signals import look
from tests.factories import NOON, Clock, make_entry, make_source
from tests.hosts import Host, answer, host, in_turn, redirect
from tests.metering import STARS, UPVOTES, VOTE, Service, announce, one, series, site, stars

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def no_services() -> None:
    """Leave the services as they are: here they stand on this machine, or in memory."""


@pytest.fixture
def place() -> Iterator[tuple[App, Clock]]:
    with site() as found:
        yield found


# What is stored


def test_stars_are_a_series_asked_for_ever_more_seldom(app: App, here: Host, clock: Clock) -> None:
    paper, meter = announce(app), GitHub(here.url(""))
    here.plays["/repos/acme/tiny"] = in_turn(stars(5), stars(9), stars(7))
    for hours in (0, 1, 3):
        clock.instant = NOON + hours * HOUR
        report = one(app, meter)
        assert (report.questions, report.numbers, report.error) == (1, 1, None)
        assert one(app, meter).questions == 0
    expected = [("github", NOON, 5), ("github", NOON + HOUR, 9), ("github", NOON + 3 * HOUR, 7)]
    assert series(app, paper, STARS) == expected
    assert here.asked[0].headers["authorization"] == "Bearer geheim"
    assert here.asked[0].headers["accept"] == "application/json"


def test_what_did_not_change_is_asked_with_its_etag_and_is_a_number_of_now(app: App, here: Host, clock: Clock) -> None:
    paper, meter = announce(app), GitHub(here.url(""))
    here.plays["/repos/acme/tiny"] = in_turn(stars(5, 'ETag: W/"v1"'), answer(status="304 Not Modified"))
    one(app, meter)
    for hours in (1, 3):
        clock.instant = NOON + hours * HOUR
        assert one(app, meter).numbers == 1
    assert [asked.headers.get("if-none-match") for asked in here.asked] == [None, 'W/"v1"', 'W/"v1"']
    assert [value for _, _, value in series(app, paper, STARS)] == [5, 5, 5]


def test_a_repository_that_was_renamed_is_followed_with_the_key(app: App, here: Host, clock: Clock) -> None:
    paper, meter = announce(app), GitHub(here.url(""))
    here.plays["/repos/acme/tiny"] = redirect(here.url("/repositories/7"), "301 Moved Permanently")
    here.plays["/repositories/7"] = stars(5, 'ETag: "new"')
    one(app, meter)
    clock.instant += HOUR
    one(app, meter)
    assert len(series(app, paper, STARS)) == 2
    assert [asked.headers.get("if-none-match") for asked in here.asked] == [None, None, None, '"new"']
    assert {asked.headers["authorization"] for asked in here.asked} == {"Bearer geheim"}


def test_a_key_is_not_shown_to_another_host(app: App, here: Host) -> None:
    announce(app)
    with host({"/repos/acme/tiny": stars(5)}) as other:
        here.plays["/repos/acme/tiny"] = redirect(other.url("/repos/acme/tiny"), "301 Moved Permanently")
        one(app, GitHub(here.url("")))
        assert "authorization" not in other.asked[0].headers


def test_votes_go_on_with_the_series_of_the_list_that_announced_the_paper(app: App, here: Host, clock: Clock) -> None:
    paper = announce(app, kind="daily-papers", id="hf", signals=VOTE)
    here.plays["/api/papers/2611.01230"] = answer(b'{"upvotes": 41}')
    clock.instant += MINUTE
    assert one(app, HuggingFace(here.url(""))).questions == 0
    clock.instant += 6 * HOUR
    assert one(app, HuggingFace(here.url(""))).numbers == 1
    assert series(app, paper, UPVOTES) == [("hf", NOON, 1), ("hf", clock.instant, 41)]


def test_a_paper_nobody_counts_votes_for_is_not_asked_for_at_hugging_face(app: App, here: Host, clock: Clock) -> None:
    announce(app)
    one(app, HuggingFace(here.url("")))
    clock.instant += DAY
    assert one(app, HuggingFace(here.url(""))).questions == 0
    assert here.asked == []


def test_one_question_brings_the_points_of_all(app: App, here: Host) -> None:
    papers = [announce(app, f"Paper {n}", arxiv_id=f"2611.{n:05}") for n in range(40)]
    story = {"url": "https://arxiv.org/abs/2611.00007", "points": 120, "num_comments": 44}
    here.plays["/api/v1/search_by_date"] = answer(json.dumps({"hits": [story]}).encode())
    report = one(app, HackerNews(here.url("")))
    assert (report.questions, report.papers, report.numbers, report.unknown) == (1, 40, 2, 0)
    assert series(app, papers[7], UPVOTES) == [("hackernews", NOON, 120)]
    assert app.store.numbers([papers[8]], at=NOON) == {}


def test_citations_come_by_the_batch_some_days_later(app: App, here: Host, clock: Clock) -> None:
    papers = [announce(app, f"Paper {n}", arxiv_id=f"2611.{n:05}") for n in range(3)]
    here.plays["/graph/v1/paper/batch"] = answer(b'[{"citationCount": 3}, null, {"citationCount": 0}]')
    meter = SemanticScholar(here.url(""))
    assert one(app, meter).questions == 0
    clock.instant += 4 * DAY
    report = one(app, meter)
    assert (report.questions, report.papers, report.numbers, report.unknown) == (1, 3, 2, 1)
    asked = here.asked[0]
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-api-key"] == "s2-key"
    ids = json.loads(asked.body)["ids"]
    cited = dict(zip(ids, (3, None, 0), strict=True))
    for n, paper in enumerate(papers):
        numbers = app.store.numbers([paper], at=clock.instant).get(paper, {})
        assert numbers.get(SignalKind.CITATIONS) == cited[f"ARXIV:2611.{n:05}"]


def test_a_service_that_is_switched_off_is_not_asked(app: App) -> None:
    off = Settings(store=StoreSettings(url="sqlite://"), signals=SignalSettings(github=False, openalex=True))
    with opened(off, now=app.now) as other:
        names = [meter.name for meter in signals.switched_on(other)]
    assert names == ["huggingface", "hackernews", "semantic_scholar", "openalex"]
    assert [meter.name for meter in signals.switched_on(app)] == [meter.name for meter in METERS[:4]]


# A month of it


def test_2000_papers_in_30_days_stay_within_every_limit(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    die, service, start = random.Random(7), Service(clock), clock.instant
    arrivals = Counter(die.choices([day for day in range(30) if day % 7 < 5], k=2000))
    keyless = Settings(store=StoreSettings(url="sqlite://"))
    with opened(keyless, now=clock) as app:

        async def month() -> None:
            for day in range(47):
                clock.instant = start + day * DAY
                _arrive(app, die, arrivals[day], day)
                # By the minute for some hours, to press every limit; else as seldom as keeps up.
                hours = (*range(5), 8, 12, 18) if day < 30 else range(0, 24, 4)
                steps = {n * MINUTE for n in range(90 if day == 1 else 0)} | {n * HOUR for n in hours}
                for step in sorted(steps):
                    clock.instant = start + day * DAY + step
                    await look(app, client=service, jitter=lambda span: span)

        asyncio.run(month())
        watched = app.store.reading_tallies(clock.instant)
        counted = app.store.tally()["signal"]
    with capsys.disabled():
        print(f"\n2,000 papers of 30 days: {dict(service.asked)} questions, {counted} numbers, still watched {watched}")
    assert service.most("api.github.com", HOUR) <= 60
    assert service.most("huggingface.co", 5 * MINUTE) <= 500
    assert service.most("api.semanticscholar.org", timedelta(seconds=1)) == 1
    assert service.most("hn.algolia.com", HOUR) <= 10
    assert service.asked["api.github.com"] <= 600 * 10
    assert service.asked["hn.algolia.com"] < 3000
    assert service.asked["api.semanticscholar.org"] < 400
    assert all(due == 0 for _, due in watched.values())


def _arrive(app: App, die: random.Random, count: int, day: int) -> None:
    """A day's papers: a third has code, a tenth is on the daily list."""
    entries = [
        make_entry(
            f"Paper {day} {n}",
            external_id=f"{day}-{n}",
            abstract=f"About {day} {n}.",
            arxiv_id=f"2611.{day:02}{n:03}",
            links=Links(code=f"https://github.com/acme/{day}-{n}" if die.random() < 0.3 else None),
            signals=VOTE if die.random() < 0.1 else (),
        )
        for n in range(count)
    ]
    ingest(app, make_source("list", kind="daily-papers", url="https://lists.example/feed"), entries)


# The command line


def test_the_state_of_the_services_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for meter in METERS:
        monkeypatch.delenv(f"DIGEST_SIGNALS_{meter.name.upper()}")

    def digest(*words: str) -> Any:
        return CliRunner().invoke(cli, [*words, "--config", str(tmp_path / "digest.toml")], catch_exceptions=False)

    assert CliRunner().invoke(cli, ["init", str(tmp_path), "--yes"]).exit_code == 0
    with opened(Settings(store=StoreSettings(url=f"sqlite:///{tmp_path}/digest.db")), now=Clock()) as app:
        announce(app)
        app.store.enrol("github", about="code", only_counted=False, start=NOON, now=NOON, next_at=NOON)
        app.store.save_meter(MeterHealth(meter="github", failures=1, rests_until=NOON + HOUR, last_error="it is full"))
    shown = digest("source", "signals").stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["service", *(meter.name for meter in METERS)]
    assert "it is full" in shown[2]
    rows = [json.loads(line) for line in digest("source", "signals", "--json").stdout.splitlines()]
    assert (rows[1]["service"], rows[1]["state"], rows[1]["watched"], rows[1]["failures"]) == ("github", "failed", 1, 1)
    assert [row["state"] for row in rows] == ["new", "failed", "new", "new", "off"]
