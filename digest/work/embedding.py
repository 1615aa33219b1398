"""What the operator's own model says of papers and topics, each text asked about once and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from digest.app import App
from digest.errors import ConfigError
from digest.model import Paper, PaperId, Topic
from digest.rank.meaning import Meaning, aim

if TYPE_CHECKING:
    from digest.embed import Model

# Papers of the store that likeness is measured against.
_SAMPLE = 512

log = structlog.get_logger()


def meaning_of(app: App, papers: Iterable[Paper], known: Sequence[PaperId]) -> Meaning | None:
    """Return what the model says of papers, measured against some of those `known`; None without a usable model."""
    model = model_of(app)
    if model is None:
        return None
    step = max(1, len(known) // _SAMPLE)
    sample = app.store.papers(known[::step][:_SAMPLE]).values()
    return Meaning(*(placed(app, model, list(group)) for group in (papers, sample)))


def aims_of(app: App, topics: Sequence[Topic], papers: Mapping[PaperId, Paper]) -> list[Any]:
    """Return where each topic points in the model, None for one without a word or an example, or without a model."""
    model = model_of(app)
    if model is None:
        return [None] * len(topics)
    named = {papers[id_].id: papers[id_] for topic in topics for id_ in topic.examples if id_ in papers}
    examples = [named[id_] for id_ in sorted(named)]
    places = dict(zip(map(text_of, examples), placed(app, model, examples), strict=True))

    def place(texts: Sequence[str]) -> list[Any]:
        # What a topic asks for is not kept: it may be a reader's own.
        return [places[text] if text in places else _asked(model, text) for text in texts]

    return [aim_of(topic, papers, place) for topic in topics]


@lru_cache(maxsize=16_384)
def _asked(model: Model, words: str) -> Any:
    return model.places([words]).astype(np.float16)[0]


def aim_of(topic: Topic, papers: Mapping[PaperId, Paper], place: Callable[[Sequence[str]], Iterable[Any]]) -> Any:
    """Return where a topic points in a model that places its texts; None for one without a word or an example."""
    return aim(list(place(_texts(topic, papers))))


def model_of(app: App) -> Model | None:
    """Return the operator's model. One that cannot be used is no reason to send nothing: words and space decide."""
    folder = app.settings.rank.model
    try:
        return opened(folder) if folder else None
    except ConfigError as error:
        log.error("model_unusable", error=error.message)
        return None


@lru_cache(maxsize=1)
def opened(folder: str) -> Model:
    """Return the model in a folder, read once. Raises ConfigError."""
    from digest import embed  # an extra: most sites have no model

    return embed.opened(Path(folder))


def placed(app: App, model: Model, papers: Sequence[Paper]) -> Any:
    """Return where papers lie, a row each, in half precision: as kept, whether or not they were."""
    texts = {paper.id: text_of(paper) for paper in papers}
    keys = {id_: _key(text) for id_, text in texts.items()}
    held = app.store.vectors(model.name, keys)
    new = [id_ for id_ in texts if id_ not in held]
    if new:
        found = model.places([texts[id_] for id_ in new]).astype(np.float16)
        given = {id_: row.tobytes() for id_, row in zip(new, found, strict=True)}
        app.store.save_vectors(model.name, {id_: (keys[id_], place) for id_, place in given.items()})
        held |= given
    rows = [np.frombuffer(held[paper.id], np.float16) for paper in papers]
    return np.stack(rows) if rows else np.zeros((0, 1), np.float16)


def text_of(paper: Paper) -> str:
    """Return what a model reads of a paper."""
    return f"{paper.title}. {paper.abstract or ''}".strip()


def _texts(topic: Topic, papers: Mapping[PaperId, Paper]) -> list[str]:
    words = ", ".join((*topic.must, *topic.should))
    examples = (text_of(papers[id_]) for id_ in topic.examples if id_ in papers)
    return [*([words] if words else []), *examples]


def _key(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
