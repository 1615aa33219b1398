"""Pictures of numbers: what is drawn, what is said of it, and that nothing in it can act."""

from __future__ import annotations

import re
from datetime import date, timedelta
from xml.etree.ElementTree import Element

from markupsafe import Markup

from digest.render.charts import HEIGHT, WIDTH, Bar, bars, line
from tests.factories import NOON
from tests.pages import parsed, part

DAY = timedelta(days=1)
FIRST = date(2026, 11, 1)
SVG = "{http://www.w3.org/2000/svg}"


def svg(chart: Markup) -> Element:
    return part(parsed(chart), f".//{SVG}svg")


def places(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", path)]


def days(*counts: int) -> list[Bar]:
    return [Bar(day=FIRST + n * DAY, all=count) for n, count in enumerate(counts)]


def test_a_line_says_where_it_starts_and_ends() -> None:
    root = svg(line("Upvotes", "upvote", [(NOON, 2), (NOON + DAY, 14)]))
    assert part(root, f"{SVG}title").text == "Upvotes"
    assert part(root, f"{SVG}desc").text == "2 upvotes on 20 Nov 2026; 14 upvotes on 21 Nov 2026."
    assert root.attrib["role"] == "img"


def test_a_line_stays_in_its_frame_and_rises_with_its_numbers() -> None:
    drawn = svg(line("Upvotes", "upvote", [(NOON, 0), (NOON + DAY, 7), (NOON + 4 * DAY, 10**9)]))
    path = part(drawn, f"{SVG}path[@class='line']").attrib["d"]
    across, down = places(path)[0::2], places(path)[1::2]
    assert across == sorted(across)
    assert down == sorted(down, reverse=True)
    assert min(across + down) >= 0
    assert (max(across) <= WIDTH, max(down) <= HEIGHT) == (True, True)


def test_one_moment_is_no_line_and_no_number_no_column() -> None:
    assert line("Upvotes", "upvote", [(NOON, 2)]) == bars("Papers", "paper", days(0, 0)) == bars("", "", []) == ""


def test_columns_say_their_sum_their_fullest_day_and_what_went_wrong() -> None:
    shown = [*days(3, 0, 9), Bar(day=FIRST + 3 * DAY, all=0, late=True)]
    drawn = svg(bars("Papers", "paper", shown))
    said = "1 Nov 2026 to 4 Nov 2026; 12 papers; most on 3 Nov 2026, 9; 1 day without what was due."
    assert part(drawn, f"{SVG}desc").text == said
    assert part(drawn, f"{SVG}path[@class='area']").attrib["d"].count("M") == 2
    assert part(drawn, f"{SVG}path[@class='mark']").attrib["d"].count("M") == 1


def test_a_source_that_brought_nothing_but_alarms_is_drawn() -> None:
    assert "mark" in bars("Papers", "paper", [Bar(day=FIRST, all=0, late=True)])


def test_however_many_moments_a_line_has_few_corners_and_keeps_its_ends() -> None:
    crowd = [(NOON + n * timedelta(seconds=1), n) for n in range(5000)]
    chart = line("Upvotes", "upvote", crowd)
    assert len(chart) < 4500
    assert 'L597 6"' in chart


def test_the_same_numbers_give_the_same_bytes_and_names_are_text() -> None:
    hostile = '</title><script>alert("1")</script>'
    chart = line(hostile, "upvote", [(NOON, 2), (NOON + DAY, 14)])
    assert chart == line(hostile, "upvote", [(NOON, 2), (NOON + DAY, 14)])
    assert part(svg(chart), f"{SVG}title").text == hostile
    assert "<script" not in chart
