"""The editor's desk: decisions before and after composing, two editors at once, and what can be done no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from digest.app import App, opened, read_settings
from digest.cli import cli
from digest.errors import DigestError, NotFoundError
from digest.model import Edition, EditionId, EditionState, PaperId, Pin, TopicId
from digest.render.why import sentence
from digest.work import desk
from digest.work.composing import compose_due
from digest.work.importing import ingest
from digest.work.ranking import find_paper
from tests.factories import Clock, make_entry, make_source, make_topic

EDITION = EditionId("kv-cache/2026-11-20")
NOON, MORNING = datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 21, 6, tzinfo=UTC)
TITLES = ("KV cache KV cache KV cache", "A KV cache, a KV cache", "Some KV cache", "Cats and dogs")
SETTINGS = '[site]\nurl = "https://papers.example"\n[schedule]\nrelease = "manual"\n'


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[App]:
    """A site on a Friday at noon, with three papers that fit its topic and one that does not; drafts wait."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digest.toml").write_text(SETTINGS, "utf-8")
    with opened(read_settings(None, {}), now=clock) as app:
        app.store.put_sources([make_source()])
        app.store.put_topics([make_topic(limit=2, min_score=0.0)])
        ingest(app, make_source(), [make_entry(title, abstract=f"All about number {len(title)}.") for title in TITLES])
        yield app


def paper(app: App, title: str) -> PaperId:
    return find_paper(app, title).id


def morning(app: App, clock: Clock) -> Edition:
    """The draft of Friday, composed on Saturday morning."""
    clock.instant = MORNING
    compose_due(app, app.store.topics())
    return app.store.edition(EDITION)


def titles(edition: Edition | None) -> list[str]:
    assert edition
    return [pick.paper.title for pick in edition.picks]


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["edition", *words], standalone_mode=False)


def said(*words: str) -> str:
    done = run(*words)
    assert done.exception is None, done.exception
    return str(done.output)


def test_decisions_made_before_there_is_a_draft_hold_when_it_is_composed(app: App, clock: Clock) -> None:
    assert desk.note(app, EDITION, "Read the second one.") is None
    assert desk.pin(app, EDITION, paper(app, "Cats"), 1) is None
    assert desk.block(app, app.store.topic(TopicId("kv-cache")), paper(app, TITLES[0])) == []
    draft = morning(app, clock)
    assert draft.note == "Read the second one."
    assert (titles(draft)[0], TITLES[0] in titles(draft)) == (TITLES[3], False)
    assert sentence(draft.picks[0]) == "chosen by the editor"
    assert sum(part.value * part.weight for part in draft.picks[0].parts) == pytest.approx(draft.picks[0].score)


def test_a_draft_shows_each_decision_at_once(app: App, clock: Clock) -> None:
    first, second = before = titles(morning(app, clock))
    (third,) = set(TITLES[:3]) - set(before)
    assert titles(desk.order(app, EDITION, [paper(app, second)])) == [second, first]
    assert titles(desk.pin(app, EDITION, paper(app, "Cats"), 2)) == [second, "Cats and dogs"]
    assert titles(desk.unpin(app, EDITION, paper(app, "Cats"))) == [second, first]
    (draft,) = desk.block(app, app.store.topic(TopicId("kv-cache")), paper(app, second))
    assert titles(draft) == [first, third]
    (draft,) = desk.unblock(app, app.store.topic(TopicId("kv-cache")), paper(app, second))
    assert titles(draft) == before


def test_a_blocked_paper_never_comes_back_and_neither_does_it_on_another_day(app: App, clock: Clock) -> None:
    desk.block(app, app.store.topic(TopicId("kv-cache")), paper(app, TITLES[2]))
    morning(app, clock)
    for day in range(1, 4):
        clock.instant = MORNING + timedelta(days=day)
        compose_due(app, app.store.topics())
    assert TITLES[2] not in [title for one in app.store.editions() for title in titles(one)]


def test_pinning_a_blocked_paper_lifts_the_block(app: App, clock: Clock) -> None:
    desk.block(app, app.store.topic(TopicId("kv-cache")), paper(app, "Cats"))
    morning(app, clock)
    assert titles(desk.pin(app, EDITION, paper(app, "Cats"), 1))[0] == "Cats and dogs"
    assert app.store.blocked(TopicId("kv-cache"), until=clock.instant) == set()


def test_a_draft_goes_out_by_itself_unless_it_is_held(app: App, clock: Clock) -> None:
    morning(app, clock)
    desk.hold(app, EDITION)
    clock.instant = MORNING + timedelta(hours=4)
    compose_due(app, app.store.topics())
    assert app.store.edition(EDITION).state is EditionState.DRAFT
    assert desk.release(app, EDITION).released == clock.instant
    assert not app.store.desk(EDITION).held


def test_an_edition_held_before_it_is_composed_stays_a_draft_where_others_go_out_at_once(
    app: App, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "digest.toml").write_text(SETTINGS.replace("manual", "auto"), "utf-8")
    with opened(read_settings(None, {}), now=clock) as auto:
        auto.store.put_topics([make_topic("other", min_score=0.0)])
        desk.hold(auto, EDITION)
        assert morning(auto, clock).state is EditionState.DRAFT
        assert auto.store.edition(EditionId("other/2026-11-20")).state is EditionState.RELEASED


def test_a_released_edition_never_changes(app: App, clock: Clock) -> None:
    morning(app, clock)
    released = desk.release(app, EDITION)
    attempts: list[Callable[[], object]] = [
        lambda: desk.note(app, EDITION, "Too late."),
        lambda: desk.pin(app, EDITION, paper(app, "Cats"), 1),
        lambda: desk.hold(app, EDITION),
        lambda: desk.release(app, EDITION),
    ]
    for attempt in attempts:
        with pytest.raises(DigestError, match=r"was released at 2026-11-21 06:00 UTC and never changes again"):
            attempt()
    assert desk.block(app, app.store.topic(TopicId("kv-cache")), released.picks[0].paper.id) == []
    assert app.store.edition(EDITION) == released


def test_two_editors_at_once_lose_nothing(app: App, clock: Clock) -> None:
    morning(app, clock)
    ids = [paper(app, title) for title in TITLES]

    def edit(numbers: range) -> None:
        with opened(app.settings, now=clock) as mine:
            for number in numbers:
                desk.pin(mine, EDITION, ids[number], number + 1)

    editors = [Thread(target=edit, args=(numbers,)) for numbers in (range(2), range(2, 4))]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    assert set(app.store.desk(EDITION).pins) == {Pin(paper_id=id_, place=n) for n, id_ in enumerate(ids, 1)}
    assert app.store.desk(EDITION).version == len(ids)
    assert titles(app.store.edition(EDITION)) == list(TITLES)


def test_decisions_hold_when_a_draft_is_composed_anew(app: App, clock: Clock) -> None:
    morning(app, clock)
    desk.note(app, EDITION, "Kept.")
    draft = desk.pin(app, EDITION, paper(app, "Cats"), 2)
    assert draft
    assert desk.redraw(app, draft) == draft


def test_the_commands_do_it_all(app: App, clock: Clock) -> None:
    morning(app, clock)
    assert "A word." in said("note", "kv-cache", "A word.")
    assert "1  Cats and dogs\n    chosen by the editor" in said("pin", EDITION, "Cats", "and", "dogs")
    assert "stands where its score puts it" in said("unpin", EDITION, "Cats and dogs")
    assert "drafts composed anew: 1" in said("block", EDITION, TITLES[0])
    assert "drafts composed anew: 1" in said("unblock", "kv-cache", TITLES[0])
    assert "2 papers stand first" in said("order", EDITION, paper(app, TITLES[1]), paper(app, TITLES[0]))
    assert "it waits for `digest edition release`" in said("hold", EDITION)
    rows = [json.loads(line) for line in said("list", "--drafts", "--json").splitlines()]
    assert [(row["id"], row["held"]) for row in rows] == [(EDITION, True)]
    assert "is out, with 2 picks" in said("release", EDITION)
    assert said("list", "--drafts", "--json") == ""
    assert isinstance(run("note", EDITION, "Late").exception, DigestError)


def test_an_edition_is_replayed_and_its_mail_written_by_command(app: App, clock: Clock, tmp_path: Path) -> None:
    morning(app, clock)
    desk.release(app, EDITION)
    assert "the same picks, scores and words" in said("show", EDITION, "--replay", "--out", "mail")
    assert {path.name for path in (tmp_path / "mail").iterdir()} == {"mail.html", "mail.txt", "mail.eml"}
    answer = json.loads(said("show", EDITION, "--replay", "--json").splitlines()[0])
    assert (answer["differences"], len(answer["edition"]["picks"])) == ([], 2)


@pytest.mark.parametrize("name", ["kv-cache/today", "kv-cache/2026-11-32", "nothing/2026-11-20", "nothing"])
def test_an_edition_that_cannot_be_is_not_found(app: App, name: str) -> None:
    assert isinstance(run("note", name, "Hello").exception, NotFoundError)


def test_a_topic_alone_means_the_edition_that_is_composed_next(app: App, clock: Clock) -> None:
    assert desk.edition_for(app, "kv-cache") == EDITION
    clock.instant = MORNING - timedelta(hours=3)
    assert desk.edition_for(app, "kv-cache") == EDITION
    clock.instant = MORNING
    assert desk.edition_for(app, "kv-cache") == "kv-cache/2026-11-21"


def test_why_says_that_an_editor_blocked_a_paper_or_that_the_list_is_better_without_it(app: App) -> None:
    topic = app.store.topic(TopicId("kv-cache"))
    text = (
        "Pages of a KV cache are evicted by attention, which halves memory on nine long tasks and keeps their quality."
    )
    copies = [make_entry(title, abstract=text) for title in ("One on KV caches", "Two on KV caches")]
    ingest(app, make_source(), copies)
    desk.block(app, topic, paper(app, TITLES[0]))
    assert "an editor blocked it" in why(app, TITLES[0])
    assert "the same work as" in why(app, "One on KV") + why(app, "Two on KV")


def why(app: App, title: str) -> str:
    done = CliRunner().invoke(cli, ["why", "kv-cache", title, "--at", NOON.isoformat()], standalone_mode=False)
    assert done.exception is None
    return str(done.output)


def test_rank_compares_other_weights_on_past_days_and_tells_a_wrong_file(app: App, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("limit = 1\n[weights]\nrelevance = 1.0\n", "utf-8")
    (tmp_path / "wrong.toml").write_text("wieghts = 1\n", "utf-8")
    compare = ["rank", "kv-cache", "--compare", "--days", "2", "--weights"]
    done = CliRunner().invoke(cli, [*compare, "other.toml", "--json"], standalone_mode=False)
    days = [json.loads(line) for line in done.stdout.splitlines()]
    assert [set(day) for day in days] == [{"period", "picks", "changes"}] * 2
    told = CliRunner().invoke(cli, [*compare, "other.toml"], standalone_mode=False)
    assert "in 2 periods:" in told.stderr
    wrong = CliRunner().invoke(cli, [*compare, "wrong.toml"], standalone_mode=False)
    assert "did you mean weights?" in str(wrong.exception)
    assert app.store.editions() == []
