"""An embedding model of the operator's own: texts to vectors. The one module that knows onnxruntime and tokenizers.

model = opened(Path("models/minilm"))
places = model.places(["KV cache eviction", "Protein folding"])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from digest.errors import ConfigError

_LONGEST = 256  # tokens; abstracts rarely have more, and cost grows with the square
_AT_ONCE = 32


class Model:
    """Places texts: `name` is a digest of its files, so that another model is never taken for it."""

    def __init__(self, name: str, session: Any, tokenizer: Any) -> None:
        self.name = name
        self._session, self._tokenizer = session, tokenizer
        self._inputs = {one.name for one in session.get_inputs()}

    def places(self, texts: Sequence[str]) -> Any:
        """Return a unit vector for each text, a row each; a text without a token has none, a row of zeros."""
        order = sorted(range(len(texts)), key=lambda row: (len(texts[row]), row))  # little padding: less to compute
        found = [self._placed([texts[row] for row in some]) for some in _parts(order)]
        places = np.concatenate(found) if found else np.zeros((0, 0), np.float32)
        places[order] = places.copy()
        return places

    def _placed(self, texts: Sequence[str]) -> Any:
        read = self._tokenizer.encode_batch(list(texts))
        mask = np.array([one.attention_mask for one in read], np.int64)
        given = {
            "input_ids": np.array([one.ids for one in read], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([one.type_ids for one in read], np.int64),
        }
        answer = self._session.run(None, {name: given[name] for name in given if name in self._inputs})[0]
        return _unit(_mean(answer, mask) if answer.ndim == 3 else answer)


def opened(folder: Path) -> Model:
    """Return the model in a folder. Raises ConfigError: no such files, not readable, or the extra is not installed."""
    try:
        import onnxruntime
        import tokenizers
    except ImportError as error:
        raise ConfigError(
            f"rank.model needs {error.name}", hint="pip install 'papers-digest[embeddings]', or leave rank.model empty"
        ) from error
    model, words = (_file(folder, name) for name in ("model.onnx", "tokenizer.json"))
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(words))
        tokenizer.enable_truncation(_LONGEST)
        tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        found = Model(_digest(model, words), session, tokenizer)
        found.places(["a text"])
    except Exception as error:  # both libraries raise bare exceptions of their own making
        raise ConfigError(f"rank.model: {folder} holds no model that places texts: {error}") from error
    return found


def _file(folder: Path, name: str) -> Path:
    path = next((path for path in (folder / name, folder / "onnx" / name) if path.is_file()), None)
    if path is None:
        raise ConfigError(f"rank.model: {folder} has no {name}", hint="export an embedding model to ONNX")
    return path


def _digest(*paths: Path) -> str:
    found = blake2b(digest_size=8)
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()


def _parts(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))


def _mean(tokens: Any, mask: Any) -> Any:
    """Return texts x dimensions of texts x tokens x dimensions, padding left out."""
    weights = mask[:, :, None].astype(np.float32)
    return (tokens * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)


def _unit(rows: Any) -> Any:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
