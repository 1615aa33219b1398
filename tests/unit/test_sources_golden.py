"""One input of each format beside what it is read as. A change in a reader shows here as a change in a file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from digest import sources
from digest.model import Batch
from tests.factories import make_source

GOLDEN = Path(__file__).parents[1] / "golden" / "sources"
INPUTS = sorted(path.stem for path in GOLDEN.glob("*.json"))


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_is_read_as_recorded(name: str) -> None:
    recorded = msgspec.json.decode((GOLDEN / f"{name}.json").read_bytes(), type=Batch)
    read = sources.read((GOLDEN / name).read_bytes(), source=make_source(url="https://lists.example/feed"), name=name)
    assert read == recorded


def test_every_input_has_its_record() -> None:
    assert {path.name for path in GOLDEN.iterdir() if path.suffix != ".json"} == set(INPUTS)
