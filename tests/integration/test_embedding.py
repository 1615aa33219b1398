"""An operator's own embedding model: a small real one, in ONNX, that knows which words mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np
import onnx
import pytest
from msgspec.structs import replace
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from digest import embed
from digest.app import App
from digest.config.settings import RankSettings, Settings
from digest.errors import ConfigError
from digest.model import Edition, Paper, PaperId, Period, PeriodKind, Topic
from digest.rank.score import formula
from digest.store import open_store
from digest.store.sqlstore import SqlStore
from digest.work import embedding
from digest.work.evaluating import answers
from digest.work.importing import ingest
from digest.work.ranking import draft
from digest.work.replaying import replay
from tests.factories import NOON, Clock, make_entry, make_paper, make_source, make_topic

SENSES = (("eviction", "dropping", "discarding"), ("protein", "folding"), ("galaxy", "redshift"), ("wage", "labor"))
FILLER = ("of", "the", "cache", "study", "we", "a")


def write_model(folder: Path, *, pooled: bool = False) -> Path:
    """Write a model for which words of one sense lie in one place."""
    words = ["[PAD]", "[UNK]", *FILLER, *(word for sense in SENSES for word in sense)]
    table = np.zeros((len(words), len(SENSES) + 1), np.float32)
    table[2 : 2 + len(FILLER), -1] = 0.2
    for place, sense in enumerate(SENSES):
        for word in sense:
            table[words.index(word), place] = 1.0
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])
    shape = ["texts", table.shape[1]] if pooled else ["texts", "tokens", table.shape[1]]
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens" if pooled else "places"])]
    if pooled:
        nodes.append(helper.make_node("ReduceMean", ["tokens"], ["places"], axes=[1], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "words",
        [ids],
        [helper.make_tensor_value_info("places", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "words")


@pytest.fixture
def app(folder: Path) -> Iterator[App]:
    with closing(open_store("sqlite://")) as store:
        app = App(settings=Settings(rank=RankSettings(model=str(folder))), store=store, now=Clock(NOON))
        fill(app)
        yield app


def fill(app: App) -> None:
    """Two papers hold the word "cache"; one of them speaks of eviction, without that word."""
    said = {
        "A study of discarding": "We study dropping of the cache.",
        "A study of folding": "We study the protein of the cache.",
        **{f"The {one} number {n}": f"A study of {one}." for n in range(15) for one in ("redshift", "labor")},
    }
    entries = [make_entry(title, abstract=abstract, listed=NOON) for title, abstract in said.items()]
    ingest(app, make_source(), entries)


def without(app: App) -> App:
    return App(settings=Settings(), store=app.store, now=app.now)


def ranked(app: App, topic: Topic) -> Edition:
    return draft(app, topic, Period(kind=PeriodKind.DAY, start=NOON.date()), as_of=NOON)


TOPIC = make_topic(should=("cache", "eviction"), min_score=0.0)


@pytest.mark.parametrize("pooled", [False, True])
def test_texts_of_one_sense_lie_together(tmp_path: Path, pooled: bool) -> None:
    model = embed.opened(write_model(tmp_path / "model", pooled=pooled))
    places = model.places(["eviction", "discarding", "the protein", "galaxy of the galaxy, the galaxy", ""])
    likeness = places @ places.T
    assert likeness[0, 1] == pytest.approx(1.0)
    assert abs(likeness[0, 2]) < 0.05
    assert model.places([]).shape[0] == 0


def test_a_text_has_one_place_whatever_stands_beside_it(folder: Path) -> None:
    model = embed.opened(folder)
    alone, beside = model.places(["the protein"])[0], model.places(["a " * 90 + "galaxy", "the protein"])[1]
    assert np.allclose(alone, beside, atol=1e-6)


def test_the_model_lifts_what_means_the_same_in_other_words(app: App) -> None:
    first, second = (pick for pick in ranked(app, TOPIC).picks if pick.paper.title.startswith("A study of"))
    before = {pick.paper.id: pick.score for pick in ranked(without(app), TOPIC).picks}
    assert first.paper.title == "A study of discarding"
    assert first.score > before[first.paper.id]
    assert second.score == before[second.paper.id]
    (relevance,) = (part for part in first.parts if part.name == "relevance")
    assert "(model)" in relevance.detail
    assert formula(first).startswith(f"{first.score:.4f} =")


def test_the_model_alone_makes_nothing_relevant(app: App) -> None:
    picks = ranked(app, make_topic(should=("eviction",), min_score=0.0)).picks
    evident = {pick.paper.title for pick in ranked(without(app), make_topic(should=("eviction",), min_score=0.0)).picks}
    assert {pick.paper.title for pick in picks} == evident


def test_a_day_without_a_paper_is_an_empty_edition(app: App) -> None:
    period = Period(kind=PeriodKind.DAY, start=date(2020, 1, 1))
    assert draft(app, TOPIC, period, as_of=NOON).picks == ()


def kept(app: App, folder: Path, papers: Iterable[Paper]) -> set[PaperId]:
    name = embedding.opened(str(folder)).name
    return set(app.store.vectors(name, {one.id: embedding._key(embedding.text_of(one)) for one in papers}))


def test_what_a_topic_asks_for_is_not_kept(app: App) -> None:
    ranked(app, TOPIC)
    assert isinstance(app.store, SqlStore)
    texts = {row["text"] for row in app.store._db.rows("select text from vector")}
    assert texts
    assert embedding._key("cache, eviction") not in texts


def test_each_text_is_asked_about_once_and_a_day_replays(app: App, folder: Path) -> None:
    first = ranked(app, TOPIC)
    (folder / "model.onnx").touch()
    papers = [pick.paper for pick in first.picks]
    assert kept(app, folder, papers) == {paper.id for paper in papers}
    assert replay(app, first).differences == ()


def test_a_text_that_changed_is_asked_about_again(app: App, folder: Path) -> None:
    before = ranked(app, TOPIC).picks[0].paper
    app.store.save_papers([replace(before, abstract="We study folding of the cache.")])
    after = next(one.paper for one in ranked(app, TOPIC).picks if one.paper.id == before.id)
    assert kept(app, folder, [after]) == {before.id}
    assert kept(app, folder, [before]) == set()


def test_a_model_that_cannot_be_used_stops_no_edition(app: App) -> None:
    broken = App(settings=Settings(rank=RankSettings(model="/nowhere")), store=app.store, now=app.now)
    assert ranked(broken, TOPIC).picks == ranked(without(app), TOPIC).picks


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "has no model.onnx"),
        ({"model.onnx": b"x"}, "has no tokenizer.json"),
        ({"model.onnx": b"no model", "tokenizer.json": b"{}"}, "holds no model that places texts"),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        embed.opened(tmp_path)


def test_an_evaluation_can_be_run_with_a_model(folder: Path) -> None:
    papers: list[Paper] = [make_paper("A study of discarding", abstract="dropping of the cache " * 3)]
    papers += [make_paper(f"The redshift number {n}", abstract="galaxy of the cache " * 3) for n in range(30)]
    topics = [make_topic(should=("cache", "eviction"))]
    plain, _ = answers(papers, topics)
    joined, _ = answers(papers, topics, embed.opened(folder))
    assert joined["digest"]["kv-cache"][0] == papers[0].id
    assert set(joined["digest"]["kv-cache"]) == set(plain["digest"]["kv-cache"])
