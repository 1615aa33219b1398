"""Numbers of papers, asked of services: what is stored, when it is asked again, and that no service can hurt a poll."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from digest.app import App, opened
from digest.cli import cli
from digest.config.settings import Settings, SignalSettings, StoreSettings
from digest.errors import FetchError
from digest.fetch import Fetcher, Request, Response
from digest.model import Links, MeterHealth, Observation, PaperId, SignalKind
from digest.scheduler import chores
from digest.sources.signals import METERS, Meter
from digest.sources.signals.github import GitHub
from digest.sources.signals.hackernews import HackerNews
from digest.sources.signals.huggingface import HuggingFace
from digest.sources.signals.semanticscholar import SemanticScholar
from digest.work import signals
from digest.work.importing import ingest
from digest.work.signals import MeterReport, look
from tests.factories import NOON, Clock, make_entry, make_source
from tests.hosts import Host, answer, host, in_turn, redirect, silent, slow

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STARS, UPVOTES = SignalKind.STARS, SignalKind.UPVOTES
VOTE = (Observation(kind=UPVOTES, value=1),)


@pytest.fixture
def no_services() -> None:
    """Leave the services as they are: here they stand on this machine, or in memory."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Iterator[App]:
    keys = SignalSettings(github_key="geheim", semantic_scholar_key="s2-key")
    with opened(Settings(store=StoreSettings(url="sqlite://"), signals=keys), now=clock) as app:
        yield app


@pytest.fixture
def here() -> Iterator[Host]:
    with host() as found:
        yield found


def announce(app: App, title: str = "Tiny", *, kind: str = "feed", id: str = "list", **changes: Any) -> PaperId:  # noqa: A002 - the model's word
    source = make_source(id, kind=kind, url="https://lists.example/feed")
    given = {"arxiv_id": "2611.01230", "links": Links(code="https://github.com/acme/tiny"), **changes}
    changed = ingest(app, source, [make_entry(title, source_id=source.id, abstract=f"About {title}.", **given)])
    return changed.sightings[0].paper_id


def run(app: App, *meters: Meter, client: Any = None, seconds: float = 5) -> list[MeterReport]:
    from digest.fetch import Limits

    fetcher = client or Fetcher(
        agent="digest/test",
        now=app.now,
        allow_private=True,
        trust=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        limits=Limits(total=timedelta(seconds=seconds)),
    )
    return asyncio.run(look(app, meters=meters, client=fetcher, jitter=lambda span: span))


def one(app: App, meter: Meter, **options: Any) -> MeterReport:
    (report,) = run(app, meter, **options)
    return report


def series(app: App, paper: PaperId, kind: SignalKind) -> list[tuple[str, datetime, int]]:
    found = app.store.series([paper], until=app.now()).get(paper, [])
    return [(signal.source_id, signal.at, signal.value) for signal in found if signal.kind is kind]


def stars(count: int, *headers: str) -> Any:
    return answer(json.dumps({"stargazers_count": count}).encode(), *headers)


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


# What goes wrong


def test_an_unknown_paper_is_no_error_and_is_asked_for_less_often(app: App, here: Host, clock: Clock) -> None:
    announce(app)
    report = one(app, GitHub(here.url("")))
    assert (report.questions, report.numbers, report.unknown, report.error) == (1, 0, 1, None)
    clock.instant += 6 * HOUR - MINUTE
    assert one(app, GitHub(here.url(""))).questions == 0
    clock.instant += MINUTE
    assert one(app, GitHub(here.url(""))).questions == 1


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        ("429 Too Many Requests", "Retry-After: 7200", 2 * HOUR),
        (
            "403 Forbidden",
            f"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: {int(NOON.timestamp()) + 3000}",
            50 * MINUTE,
        ),
        ("429 Too Many Requests", 'RateLimit: "api";r=0;t=600', 10 * MINUTE),
        ("200 OK", f"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: {int(NOON.timestamp()) + 3000}", 50 * MINUTE),
        ("503 Service Unavailable", "Server: x", 5 * MINUTE),
        ("401 Unauthorized", "Server: x", 5 * MINUTE),
    ],
)
def test_a_service_that_has_had_enough_rests_also_after_a_restart(
    clock: Clock, tmp_path: Path, here: Host, status: str, header: str, wait: timedelta
) -> None:
    settings = Settings(store=StoreSettings(url=f"sqlite:///{tmp_path}/digest.db"))
    here.plays["/repos/acme/one"] = answer(b"{}", header, status=status)
    with opened(settings, now=clock) as app:
        for name in ("one", "two"):
            announce(app, name, arxiv_id=None, links=Links(code="https://github.com/acme/one"))
        assert one(app, GitHub(here.url(""))).rests_until == NOON + wait
    with opened(settings, now=clock) as app:
        announce(app, "three", arxiv_id=None, links=Links(code="https://github.com/acme/three"))
        clock.instant += wait - timedelta(seconds=1)
        assert one(app, GitHub(here.url(""))).questions == 0
        clock.instant += signals.ENROL_EVERY
        assert one(app, GitHub(here.url(""))).questions >= 1


def test_a_service_that_is_absent_stops_no_other(app: App, here: Host) -> None:
    announce(app)
    here.plays |= {"/repos/acme/tiny": silent, "/api/v1/search_by_date": answer(b'{"hits": []}')}
    reports = run(app, GitHub(here.url("")), HackerNews(here.url("")), GitHub("http://127.0.0.1:1"), seconds=0.3)
    assert [bool(report.error) for report in reports] == [True, False, True]
    assert "longer than 0.3 s" in str(reports[0].error)


def test_a_host_that_wants_to_be_left_alone_is_left_alone_by_all(app: App, here: Host, clock: Clock) -> None:
    announce(app)
    app.store.cool_host("127.0.0.1", NOON + HOUR)
    assert one(app, GitHub(here.url(""))).questions == 0
    clock.instant += HOUR
    here.plays["/repos/acme/tiny"] = answer(b"", "Retry-After: 7200", status="429 Too Many Requests")
    assert one(app, GitHub(here.url(""))).error
    assert app.store.cooling_hosts(clock.instant) == {"127.0.0.1": clock.instant + 2 * HOUR}


def test_a_slow_service_does_not_keep_the_others_waiting(app: App, here: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "ROUND", timedelta(seconds=0.1))
    for number in range(9):
        code = Links(code=f"https://github.com/acme/{number}")
        announce(app, f"Paper {number}", arxiv_id=None, links=code)
        here.plays[f"/repos/acme/{number}"] = slow(stars(1), 0.06)
    assert 1 <= one(app, GitHub(here.url(""))).questions <= 3
    assert len(app.store.due_readings("github", NOON, limit=9)) >= 6


def test_the_chores_ask_too_and_no_service_can_break_them(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    announce(app, links=Links())
    monkeypatch.setattr(signals, "METERS", (GitHub("http://127.0.0.1:1"), HackerNews("http://127.0.0.1:1")))
    app.store.put_sources([make_source("list", url="https://lists.example/feed", enabled=False)])
    assert asyncio.run(chores(app, "one")).held
    assert app.store.meters()["hackernews"].failures == 1


def test_a_key_is_in_no_message(app: App, here: Host) -> None:
    from digest.sources.signals.openalex import OpenAlex

    keyed = Settings(store=StoreSettings(url="sqlite://"), signals=SignalSettings(openalex_key="geheim"))
    with opened(keyed, now=app.now) as app:
        announce(app)
        meter = OpenAlex("http://127.0.0.1:1")
        meter.looks = (timedelta(0), HOUR)
        report = one(app, meter)
    assert "api_key=(key)" in str(report.error)
    assert "geheim" not in str(report)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"stargazers_count": -3}', b'{"stargazers_count": 1e999}'])
def test_an_answer_that_lies_stores_nothing_and_does_not_block_the_queue(app: App, here: Host, body: bytes) -> None:
    paper = announce(app)
    here.plays["/repos/acme/tiny"] = answer(body)
    one(app, GitHub(here.url("")))
    assert series(app, paper, STARS) == []
    assert app.store.due_readings("github", NOON, limit=9) == []


def test_one_bad_id_in_a_batch_is_found_by_halves(app: App, clock: Clock) -> None:
    for n in range(60):
        announce(app, f"Paper {n}", arxiv_id=f"2611.{n:05}")
    meter = SemanticScholar()
    run(app, meter, client=Service(clock))
    clock.instant += 4 * DAY
    service = Service(clock, poison="ARXIV:2611.00042")
    while clock.instant < NOON + 7 * DAY:
        run(app, meter, client=service)
        clock.instant += 15 * MINUTE
    known = app.store.numbers([PaperId(f"arxiv:2611.{n:05}") for n in range(60)], at=clock.instant)
    assert len(known) == 59
    assert sum(service.asked.values()) < 40


def test_a_bug_of_ours_is_one_services_trouble(app: App, here: Host) -> None:
    announce(app)

    class Broken(GitHub):
        def questions(self, *_: Any, **__: Any) -> Any:
            raise KeyError("a defect of ours")

    here.plays["/api/v1/search_by_date"] = answer(b'{"hits": []}')
    broken, well = run(app, Broken(), HackerNews(here.url("")))
    assert (broken.error, well.error) == ("KeyError: 'a defect of ours'", None)


def test_what_was_answered_before_a_failure_is_kept(app: App, here: Host) -> None:
    play = in_turn(stars(1), answer(status="500 Internal Server Error"))
    for name in ("one", "two", "three"):
        announce(app, name, arxiv_id=None, links=Links(code=f"https://github.com/acme/{name}"))
        here.plays[f"/repos/acme/{name}"] = play
    report = one(app, GitHub(here.url("")))
    assert (report.questions, report.papers, report.numbers) == (2, 1, 1)
    assert "500 Internal Server Error" in str(report.error)


def test_only_one_process_asks_at_a_time(app: App, here: Host, clock: Clock) -> None:
    announce(app)
    app.store.take_lease("signals", holder="another", now=NOON, until=NOON + signals.LEASE)
    assert run(app, GitHub(here.url(""))) == []
    clock.instant += signals.LEASE
    here.plays["/repos/acme/tiny"] = stars(1)
    assert one(app, GitHub(here.url(""))).numbers == 1
    assert app.store.take_lease("signals", holder="another", now=app.now(), until=app.now()) is not None


def test_what_was_reserved_by_a_process_that_died_is_spent(app: App, here: Host, clock: Clock) -> None:
    announce(app)

    class Dies:
        async def get(self, request: Request) -> Response:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one(app, GitHub(), client=Dies())
    assert app.store.meters()["github"].free_at == NOON + timedelta(seconds=2)
    clock.instant += signals.LEASE
    here.plays["/repos/acme/tiny"] = stars(1)
    assert one(app, GitHub(here.url(""))).numbers == 1


# A month of it


class Service:
    """All services at once, in memory: what they are asked, and when; one id may spoil a batch."""

    def __init__(self, clock: Clock, poison: str = "") -> None:
        self.clock, self.poison = clock, poison
        self.asked: Counter[str] = Counter()
        self.times: defaultdict[str, list[datetime]] = defaultdict(list)

    async def get(self, request: Request) -> Response:
        host = str(urlsplit(request.url).hostname)
        self.asked[host] += 1
        self.times[host].append(self.clock())
        if request.body and self.poison in (ids := json.loads(request.body)["ids"]) and self.poison:
            return Response(url=request.url, status=500 if len(ids) > 1 else 404)
        body: Any = {"stargazers_count": 7, "upvotes": 3, "hits": []}
        if request.body:
            body = [{"citationCount": 1}] * len(json.loads(request.body)["ids"])
        if host == "huggingface.co" and self.asked[host] % 500 == 0:
            raise FetchError("cannot fetch: the connection breaks off")
        return Response(url=request.url, status=200, body=json.dumps(body).encode(), etag='"v"')

    def most(self, host: str, span: timedelta) -> int:
        """The most questions in any span of this length."""
        times, first, most = self.times[host], 0, 0
        for last, at in enumerate(times):
            while at - times[first] >= span:
                first += 1
            most = max(most, last - first + 1)
        return most


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
