"""The demo: everything at once, the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.model import Edition
from digest.render.lint import findings
from digest.work.demo import Demo, run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Demo]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, run(folder)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_two_runs_give_the_same_bytes(made: tuple[Path, Demo], tmp_path: Path) -> None:
    run(tmp_path)
    assert tree(tmp_path) == tree(made[0])


def test_at_least_five_topics_have_picks_of_which_each_says_why(made: tuple[Path, Demo]) -> None:
    full = [edition for edition in made[1].editions if len(edition.picks) >= 2]
    assert len(full) >= 5
    for pick in (pick for edition in full for pick in edition.picks):
        assert pick.reasons
        assert abs(sum(part.value * part.weight for part in pick.parts) - pick.score) < 1e-9


def test_a_topic_never_picks_a_paper_twice_in_days(made: tuple[Path, Demo]) -> None:
    folder, _ = made
    feed = (folder / "site/topics/alignment/feed.json").read_text("utf-8")
    ids = [line.strip() for line in feed.splitlines() if line.strip().startswith('"id": "tag:')]
    assert len(ids) == len(set(ids)) > 5


def test_a_preview_holds_the_bytes_that_are_published(made: tuple[Path, Demo]) -> None:
    folder, demo = made
    for edition in demo.editions:
        for name in ("feed.rss", "feed.atom", "feed.json"):
            previewed = folder / "preview" / edition.topic.id / name
            assert previewed.read_bytes() == (folder / "site/topics" / edition.topic.id / name).read_bytes()


def test_every_page_is_small_and_asks_nobody_else(made: tuple[Path, Demo]) -> None:
    pages = list((made[0] / "site").rglob("*.html"))
    assert len(pages) > 100
    for page in pages:
        text = page.read_text("utf-8")
        assert len(text) < 50_000, page
        assert "<script" not in text
        assert 'src="' not in text


def test_every_mail_keeps_every_rule(made: tuple[Path, Demo]) -> None:
    mails = sorted(made[0].rglob("*.eml"))
    assert len(mails) > 5
    for path in mails:
        assert findings(path.read_bytes()) == [], path


def picks_of(edition: Edition) -> list[str]:
    return [pick.paper.title for pick in edition.picks]


def test_the_morning_mail_tells_each_paper_once(made: tuple[Path, Demo]) -> None:
    text = (made[0] / "mail/mail.txt").read_text("utf-8")
    flat = " ".join(text.split())
    told = {title for edition in made[1].editions for title in picks_of(edition)}
    for title in told:
        assert flat.count(" ".join(title.split())) == 1, title
    assert len(told) > 8
