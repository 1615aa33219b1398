"""A reader's own topic: what its words may be, what each step does and shows, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from digest.app import App
from digest.errors import DigestError
from digest.model import Cadence, PaperId, PeriodKind, SubscriberId, SubscriptionState, Topic, TopicId, phrase
from digest.rank.effect import because
from digest.rank.relevance import Match
from digest.render.languages import ENGLISH
from digest.work import personal, subscribing
from digest.work.composing import compose_due
from digest.work.personal import PAPERS, own_id
from digest.work.phrases import Phrases, line_of, phrases
from digest.work.planning import plan
from digest.work.rolls import export_rows
from digest.work.wishes import RefusedError, wishes
from tests.doors import ADA, Clock, confirmed, reader, site, states
from tests.factories import make_paper, make_topic

BEES = [make_paper(f"Bees and {what}", abstract=f"How bees find {what} in meadows.") for what in ("honey", "nectar")]
WHALES = [make_paper(f"Whales near {what}", abstract=f"Songs of whales near {what}.") for what in ("Peru", "Chile")]


@pytest.fixture
def place() -> Iterator[tuple[App, Clock]]:
    with site() as found:
        found[0].store.save_papers([*BEES, *WHALES])
        yield found


@pytest.fixture
def ada(app: App) -> SubscriberId:
    """A reader who is mailed daily."""
    return confirmed(app, "vision")


def said(app: App, who: SubscriberId, words: str) -> personal.Step:
    return personal.say(app, who, phrases(words), by_link=True)


# Words


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ('"KV cache" pruning +attention -survey', (("KV cache", "pruning"), ("attention",), ("survey",))),
        ("“KV cache”, pruning", (("KV cache", "pruning"), (), ())),
        ('-"state of the art" x-ray', (("x-ray",), (), ("state of the art",))),
        ("the bees and the Bees", (("bees",), (), ())),
        ("bees +bees", ((), ("bees",), ())),
        ('bees "open end', (("bees", "open end"), (), ())),
        ("bees −wasps – -", (("bees",), (), ("wasps",))),
        ("", ((), (), ())),
    ],
)
def test_a_line_of_words_is_read(line: str, read: tuple[tuple[str, ...], ...]) -> None:
    found = phrases(line)
    assert (found.should, found.must, found.not_) == read


@pytest.mark.parametrize("line", ['"KV cache" pruning +attention -survey', 'x-ray -"state of the art" "-q"', "c++ +a1"])
def test_a_line_that_was_written_reads_back(line: str) -> None:
    first = phrases(line)
    topic = make_topic(should=first.should, must=first.must, not_=first.not_)
    assert phrases(line_of(topic)) == first


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("words", {"words": "the and of"}),
        ("words", {"words": "show results +the"}),
        ("words", {"words": "..."}),
        ("words", {"words": "-bees"}),
        ("words", {"words": "bees -bee"}),
        ("words", {"words": " ".join(f"word{n}" for n in range(31))}),
        ("words", {"words": "x" * 81}),
        ("words", {"words": "bees " * 300}),
        ("authors", {"words": "bees", "authors": "n" * 81}),
        ("categories", {"words": "bees", "categories": "cs.LG <script>"}),
    ],
)
def test_what_says_nothing_or_too_much_is_refused_by_its_field(field: str, given: dict[str, str]) -> None:
    with pytest.raises(RefusedError) as caught:
        phrases(**given)
    assert list(caught.value.problems) == [field]


def test_names_and_categories_are_a_topic_too() -> None:
    assert phrases("-survey", "Ana Ruiz, Bo Li;", "cs.LG, stat.ML") == Phrases(
        not_=("survey",), authors=("Ana Ruiz", "Bo Li"), categories=("cs.LG", "stat.ML")
    )


# Steps


def test_words_make_a_topic_and_show_what_it_would_have_picked(app: App, ada: SubscriberId) -> None:
    step = said(app, ada, "bees")
    assert {one.paper_id for one in step.effect.entered} == {paper.id for paper in BEES}
    assert {ENGLISH.of(one.why) for one in step.effect.moves} == {"holds “bees”"}
    assert step.effect.considered == 9
    assert states(app)[own_id(ada)] == "active"


def test_other_words_move_papers_in_and_out(app: App, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    effect = said(app, ada, "whales").effect
    assert {one.paper_id for one in effect.entered} == {paper.id for paper in WHALES}
    assert {(one.paper_id, ENGLISH.of(one.why)) for one in effect.left} == {
        (one.id, "“bees” counts no more") for one in BEES
    }


def test_more_like_a_paper_brings_what_is_like_it(app: App, ada: SubscriberId) -> None:
    many = [make_paper(f"Whales {n}", abstract="Songs of humpback whales in cold water.") for n in range(60)]
    app.store.save_papers([*many, *(make_paper(f"Ants {n}", abstract="Ants dig nests in sand.") for n in range(60))])
    said(app, ada, "bees")
    effect = personal.more_like(app, ada, many[0].id, by_link=True).effect
    assert {ENGLISH.of(one.why) for one in effect.entered} == {"more like what you ask for"}
    assert all(one.title.startswith("Whales") for one in effect.entered)
    less = personal.less_like(app, ada, many[0].id, by_link=True)
    assert (less.topic.examples, less.topic.unlike) == ((), (many[0].id,))
    assert {one.title.partition(" ")[0] for one in less.effect.left} == {"Whales"}


def test_the_newest_papers_stay_when_there_are_too_many(app: App, ada: SubscriberId) -> None:
    papers = [make_paper(f"Number {n}") for n in range(PAPERS + 1)]
    app.store.save_papers(papers)
    full = Topic(
        id=own_id(ada), name="Mine", owner=ada, should=("bees",), examples=tuple(one.id for one in papers[:PAPERS])
    )
    app.store.put_topics([full])
    step = personal.more_like(app, ada, papers[PAPERS].id, by_link=True)
    assert (step.dropped, step.topic.examples) == (1, tuple(one.id for one in papers[1:]))
    again = personal.more_like(app, ada, papers[1].id, by_link=True)
    assert (again.dropped, again.topic.examples[-1], len(again.topic.examples)) == (0, papers[1].id, PAPERS)


def test_the_last_step_can_be_undone_and_no_other(app: App, ada: SubscriberId) -> None:
    first = said(app, ada, "bees").topic
    said(app, ada, "whales")
    step = personal.undo(app, ada)
    assert step.topic == first == personal.own(app, ada).topic
    assert {one.paper_id for one in step.effect.entered} == {paper.id for paper in BEES}
    with pytest.raises(DigestError, match="nothing to undo"):
        personal.undo(app, ada)


def test_the_first_step_can_be_undone_to_nothing(app: App, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    personal.undo(app, ada)
    found = personal.own(app, ada)
    assert found.empty
    assert not found.topic.enabled


def test_a_reset_leaves_the_words_or_nothing_and_can_be_undone(app: App, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    full = personal.more_like(app, ada, WHALES[0].id, by_link=True).topic
    bare = personal.reset(app, ada, words=True, by_link=True).topic
    assert (bare.should, bare.examples) == (("bees",), ())
    assert personal.undo(app, ada).topic == full
    assert personal.reset(app, ada, words=False, by_link=True).topic.enabled is False
    assert compose_due(app, None) == [] or all(one.topic.owner is None for one in compose_due(app))
    assert personal.undo(app, ada).topic == full


def test_a_step_that_changes_nothing_leaves_the_one_before_to_be_undone(app: App, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    said(app, ada, "whales")
    assert said(app, ada, "whales").effect.moves == ()
    assert personal.undo(app, ada).topic.should == ("bees",)


def test_a_topic_of_nothing_is_refused(app: App, ada: SubscriberId) -> None:
    with pytest.raises(RefusedError, match="what your topic is about"):
        personal.say(app, ada, Phrases(), by_link=True)


def test_less_like_this_alone_is_no_topic_yet(app: App, ada: SubscriberId) -> None:
    assert not personal.less_like(app, ada, BEES[0].id, by_link=True).topic.enabled
    assert own_id(ada) not in states(app)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (Match(), Match(evidence=9.0, bm25=9.0, words=("bees",)), "holds “bees”"),
        (Match(evidence=9.0, bm25=9.0, words=("bees",)), Match(), "“bees” counts no more"),
        (Match(), Match(evidence=20.0, trust=0.5, own=0.5), "more like what you ask for"),
        (Match(evidence=20.0, trust=0.5, own=0.5), Match(), "less like what you ask for"),
        (Match(evidence=9.0), Match(evidence=1.0, trust=1.0, unlike=0.5), "like papers you want less of"),
        (Match(evidence=1.0, trust=1.0, unlike=0.5), Match(evidence=9.0), "no more like papers you want less of"),
        (Match(), Match(evidence=9.0, authors=("Ana",)), "its author or category"),
        (Match(evidence=9.0), Match(evidence=9.0, barred=phrase("holds {word:quoted}", word="wasp")), "holds “wasp”"),
        (
            Match(evidence=9.0, barred=phrase("holds {word:quoted}", word="wasp")),
            Match(evidence=9.0),
            "no longer left out",
        ),
        (Match(evidence=9.0), Match(evidence=9.0), "others moved"),
    ],
)
def test_the_addend_that_changed_most_is_why(before: Match, after: Match, why: str) -> None:
    assert ENGLISH.of(because(before, after)) == why


# Consent


def test_what_the_operator_sets_waits_for_the_first_confirmation(app: App) -> None:
    subscribing.join(app, address=ADA, topics=["vision"], cadence="daily", hour="7", zone="UTC")
    who = reader(app).id
    personal.say(app, who, phrases("bees"), by_link=False)
    assert states(app)[own_id(who)] == "pending"
    assert [one for one in compose_due(app) if one.topic.owner] == []
    assert own_id(who) in {topic.id for topic in subscribing.confirm(app, who)}
    assert [one.topic.id for one in compose_due(app) if one.topic.owner] == [own_id(who)]


def test_the_operator_brings_nobody_back(app: App, ada: SubscriberId) -> None:
    subscribing.leave(app, ada)
    with pytest.raises(DigestError, match="nothing is mailed"):
        personal.say(app, ada, phrases("bees"), by_link=False)
    assert personal.own(app, ada).empty


def test_a_topic_that_its_reader_ended_stays_ended_when_the_operator_changes_it(app: App, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    changed(app, ada, "vision")
    personal.say(app, ada, phrases("whales"), by_link=False)
    assert states(app)[own_id(ada)] == "ended"
    said(app, ada, "bees")
    assert states(app)[own_id(ada)] == "active"


def changed(app: App, who: SubscriberId, *topics: str) -> None:
    subscribing.change(app, who, topics=topics, cadence="daily", hour="7", zone="UTC", paused=False)


def test_the_own_topic_alone_is_no_leaving(app: App, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    changed(app, ada, own_id(ada))
    assert states(app) == {"vision": "ended", own_id(ada): "active"}
    assert subscribing.suppressed(app, ADA) is None


def test_nobody_else_is_offered_it(app: App, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    with pytest.raises(RefusedError, match="no topic"):
        wishes(topics=[own_id(ada)], cadence="daily", hour="7", zone="UTC", offered=subscribing.offered(app))


# Composing and what becomes of it


def test_it_is_composed_in_its_readers_cadence_alone(app: App, clock: Clock, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    clock.turn(days=10)
    app.store.save_papers([replace(BEES[0], id=PaperId("later"), title="Late bees", first_seen=clock())])
    clock.turn(days=1)
    assert {one.period.kind for one in compose_due(app) if one.topic.owner} == {PeriodKind.DAY}
    app.store.save_subscribers([replace(reader(app), cadence=Cadence.WEEKLY)])
    assert {one.period.kind for one in compose_due(app) if one.topic.owner} == {PeriodKind.WEEK}
    assert [one for one in compose_due(app) if one.topic.owner] == []


def test_a_stop_is_made_up_for_as_far_as_a_digest_would_carry(app: App, clock: Clock, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    assert [one.period.label for one in compose_due(app) if one.topic.owner] == ["2026-11-20"]
    clock.turn(days=5)
    assert [one.period.label for one in compose_due(app) if one.topic.owner] == ["2026-11-24", "2026-11-25"]


def test_no_editor_holds_up_what_a_reader_alone_sees(app: App, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    schedule = replace(app.settings.schedule, release="manual")
    manual = App(settings=replace(app.settings, schedule=schedule), store=app.store, now=app.now)
    composed = compose_due(manual)
    assert {str(one.state) for one in composed if one.topic.owner} == {"released"}
    assert "draft" in {str(one.state) for one in composed if not one.topic.owner}


def test_its_edition_is_planned_for_its_reader_alone(app: App, clock: Clock, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    clock.turn(hours=1)
    compose_due(app)
    clock.turn(days=1)
    (planned,) = plan(app)
    assert planned.readers == 1
    assert f"{own_id(ada)}/2026-11-20" in planned.editions


def test_forgetting_leaves_nothing_of_it(app: App, ada: SubscriberId, clock: Clock) -> None:
    said(app, ada, "bees")
    compose_due(app)
    before = app.store.tally()["edition"]
    clock.turn(days=1)
    plan(app)
    personal.forget(app, ada)
    personal.forget(app, ada)
    assert personal.own(app, ada).empty
    assert app.store.tally()["edition"] == before - 1
    assert app.store.editions(own_id(ada)) == []
    assert app.store.topics(owner=ada) == []
    assert f"topic/{own_id(ada)}" not in app.store.feeds()
    assert states(app) == {"vision": "active", own_id(ada): "ended"}
    assert {str(one.state) for one in app.store.deliveries(subscriber_id=ada) if one.digest_id} <= {"cancelled"}


def test_the_list_of_subscribers_does_not_tell_it(app: App, ada: SubscriberId) -> None:
    said(app, ada, "bees")
    assert [row["topics"] for row in export_rows(app)] == ["vision"]


def test_its_id_tells_nothing_and_is_none_of_the_sites() -> None:
    ids = {own_id(SubscriberId(name)) for name in "abc"}
    assert len(ids) == 3
    assert all(one.startswith("my.") and len(one) == 23 for one in ids)


def test_a_suppressed_reader_who_left_comes_back_by_the_own_link(app: App, ada: SubscriberId) -> None:
    subscribing.leave(app, ada)
    said(app, ada, "bees")
    assert subscribing.suppressed(app, ADA) is None
    held = {one.topic_id: one.state for one in app.store.subscriptions(ada)}
    assert held[TopicId(own_id(ada))] is SubscriptionState.ACTIVE
