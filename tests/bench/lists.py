"""What good lists cost in CPU time: who is alike in a window, then one topic's list (1,000 papers: budget 50 ms)."""

from __future__ import annotations

import random
import time

from digest.model import Paper, PaperId, Pick
from digest.rank.lists import good_list, kin
from digest.rank.terms import document_of
from tests.factories import make_paper, make_pick

WORDS, LENGTH = 20_000, 110
RUNS = 5


def papers(number: int) -> list[Paper]:
    """Papers whose words are as frequent as Zipf says; one in fifty is another's text again."""
    dice = random.Random(number)
    weights = [1 / rank for rank in range(1, WORDS + 1)]
    texts = [" ".join(f"w{n}" for n in dice.choices(range(WORDS), weights, k=LENGTH)) for _ in range(number)]
    texts[: number // 50] = texts[-(number // 50) :]
    return [make_paper(f"Paper {n}", id=PaperId(str(n)), abstract=text) for n, text in enumerate(texts)]


def measured(found: list[Paper], picks: list[Pick]) -> tuple[float, float, int]:
    start = time.process_time()
    near = kin(found)
    between = time.process_time()
    left_out = len(good_list(picks, near).left_out)
    return between - start, time.process_time() - between, left_out


def main() -> None:
    for number in (250, 500, 1000, 2000, 4000):
        found = papers(number)
        picks = [make_pick(paper) for paper in found]
        for paper in found:
            document_of(paper)
        alike, listing, left_out = min(measured(found, picks) for _ in range(RUNS))
        told = f"{left_out} of {number // 50} copies left out"
        print(f"{number:5} papers: alike {alike * 1000:6.1f} ms, list {listing * 1000:6.1f} ms, {told}")


if __name__ == "__main__":
    main()
