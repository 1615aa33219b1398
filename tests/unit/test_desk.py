"""What editors decide: their picks where they put them, saying so, with the scores they truly have."""

from __future__ import annotations

from msgspec.structs import replace

from digest.edition import compose, ordered, pinned, share, unpinned
from digest.model import Desk, Edition, EditionId, PaperId, Period, Pick, Pin, Sister
from digest.render.languages import ENGLISH
from digest.render.why import reasons_of
from tests.factories import NOON, make_edition, make_paper, make_pick, make_topic

DESK = Desk(edition_id=EditionId("kv-cache/2026-11-20"))
A, B, C = PaperId("a"), PaperId("b"), PaperId("c")


def pick(title: str, score: float = 0.5, **changes: object) -> Pick:
    return replace(make_pick(make_paper(title, id=PaperId(title))), score=score, **changes)


def composed(ranked: list[Pick], chosen: list[tuple[int, Pick]], *, limit: int = 3) -> Edition:
    return compose(
        make_topic(limit=limit),
        Period.parse("2026-11-20"),
        ranked,
        picked=set(),
        considered=9,
        cut=NOON,
        as_of=NOON,
        chosen=chosen,
    )


def shown(edition: Edition) -> list[str]:
    return [f"{pick.rank} {pick.paper.title}" for pick in edition.picks]


RANKED = [pick("one", 0.9), pick("two", 0.8), pick("three", 0.7), pick("four", 0.6)]


def test_a_pinned_paper_takes_its_place_and_the_last_of_the_others_makes_room() -> None:
    assert shown(composed(RANKED, [(2, pick("guest", 0.0))])) == ["1 one", "2 guest", "3 two"]


def test_pins_stand_by_place_the_later_one_of_two_first_and_beyond_the_end_is_the_end() -> None:
    chosen = [(1, pick("x")), (1, pick("y")), (99, pick("z"))]
    assert shown(composed([], chosen)) == ["1 y", "2 x", "3 z"]


def test_editors_may_choose_more_than_the_limit() -> None:
    assert shown(composed(RANKED, [(1, pick("x")), (2, pick("y"))], limit=1)) == ["1 x", "2 y"]


def test_a_chosen_paper_says_so_and_keeps_its_score_and_parts() -> None:
    guest = pick("guest", 0.0, parts=(), reasons=("in cs.CL",))
    (found,) = composed([], [(1, guest)]).picks
    assert (reasons_of(found), found.score, found.parts, found.chosen) == (
        ("chosen by the editor", "in cs.CL"),
        0.0,
        (),
        True,
    )


def test_a_paper_that_was_in_anyway_is_only_placed_by_the_editor() -> None:
    edition = composed(RANKED, [(1, RANKED[2])])
    assert shown(edition) == ["1 three", "2 one", "3 two"]
    assert ENGLISH.of(edition.picks[0].reasons[0]) == "placed by the editor"
    assert ENGLISH.of(composed(RANKED, [(1, RANKED[3])]).picks[0].reasons[0]) == "chosen by the editor"


def test_a_sister_that_is_chosen_is_not_named_beside_another_as_well() -> None:
    both = (Sister(id=A, title="a"), Sister(id=B, title="b"))
    edition = composed([pick("one", also=both)], [(2, pick("a"))])
    assert [sister.id for sister in edition.picks[0].also] == [B]


def test_a_paper_is_pinned_once_and_an_order_is_a_pin_each() -> None:
    twice = pinned(pinned(pinned(DESK, A, 1), B, 2), A, 3)
    assert twice.pins == (Pin(paper_id=B, place=2), Pin(paper_id=A, place=3))
    assert [(pin.paper_id, pin.place) for pin in ordered(twice, [C, A]).pins] == [(B, 2), (C, 1), (A, 2)]
    assert unpinned(unpinned(twice, A), B) == DESK


def section(topic: str, *picks: Pick) -> Edition:
    ranked = [replace(pick, rank=rank) for rank, pick in enumerate(picks, 1)]
    return make_edition(*ranked, topic=make_topic(topic))


def sections(shared: list[Edition]) -> dict[str, list[str]]:
    return {one.topic.id: shown(one) for one in shared}


def test_in_a_digest_a_paper_stands_where_an_editor_put_it_whatever_it_scores_elsewhere() -> None:
    mine = section("a", pick("x", 0.1, chosen=True))
    assert sections(share([mine, section("b", pick("x", 0.9))], {})) == {"a": ["1 x"], "b": []}


def test_topics_share_the_room_of_a_digest_and_none_fills_it() -> None:
    busy, quiet = (
        section("busy", *(pick(f"b{n}", 0.9) for n in range(9))),
        section("quiet", pick("q0", 0.1), pick("q1", 0.1)),
    )
    assert sections(share([busy, quiet], {}, limit=4)) == {"busy": ["1 b0", "2 b1"], "quiet": ["1 q0", "2 q1"]}
    assert len(sections(share([busy, quiet], {}, limit=7))["busy"]) == 5
    assert len(sections(share([busy, quiet], {}))["busy"]) == 9
