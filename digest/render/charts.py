"""Pictures of numbers as inline SVG: how votes grew, how much a topic or a source brought day by day.

Each has a fixed size, the colour of its text, and a title and a description that say the same to who cannot see it.
What stands in words beside a picture is the page's affair: text within would shrink on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from markupsafe import Markup, escape

from digest.model import Value
from digest.render import words

WIDTH, HEIGHT = 600, 96
_MARGIN = 3
_GAP = 0.25  # of a day's width
_MARK = 5
_FINE = 4


class Bar(Value):
    """A day's column: `all` is its height, `part` how much of it is filled; `late` marks a day that went wrong."""

    day: date
    all: int
    part: int = 0
    late: bool = False


def line(name: str, noun: str, points: Sequence[tuple[datetime, int]]) -> Markup:
    """Return a number over time, oldest first; nothing for fewer than two moments."""
    if len(points) < 2:
        return Markup()
    said = f"{_stand(noun, points[0])}; {_stand(noun, points[-1])}."
    path = _path(_corners(points))
    area = f"{path}V{HEIGHT}H{_short(_MARGIN)}z"
    return _svg(name, said, f'<path class="area" d="{area}"/><path class="line" d="{path}"/>')


def bars(name: str, noun: str, days: Sequence[Bar]) -> Markup:
    """Return a column a day; nothing if no day has any. Days that went wrong have a mark at their foot."""
    highest = max((bar.all for bar in days), default=0)
    if not highest and not any(bar.late for bar in days):
        return Markup()
    shapes = (
        ("area", _columns(days, [bar.all for bar in days], highest)),
        ("fill", _columns(days, [bar.part for bar in days], highest)),
        ("mark", _marks(days)),
    )
    drawn = "".join(f'<path class="{kind}" d="{path}"/>' for kind, path in shapes if path)
    return _svg(name, _told(noun, days), drawn)


def _svg(name: str, said: str, drawn: str) -> Markup:
    """Return a picture. Without style sheet its shapes are the text's colour, and lines are not filled."""
    return Markup(
        '<svg class="chart" role="img" width="{}" height="{}" viewBox="0 0 {} {}" fill="currentColor">'
        "<title>{}</title><desc>{}</desc>{}</svg>"
    ).format(WIDTH, HEIGHT, WIDTH, HEIGHT, escape(name), escape(said), Markup(drawn))


def _stand(noun: str, point: tuple[datetime, int]) -> str:
    at, value = point
    return f"{words.count(value, noun)} on {words.short_day(at.date())}"


def _corners(points: Sequence[tuple[datetime, int]]) -> Iterator[tuple[float, float]]:
    """Yield the places of a line's points: time to the right, numbers upwards from 0."""
    start, end = points[0][0], points[-1][0]
    span, highest = (end - start).total_seconds() or 1.0, max(value for _, value in points) or 1
    for at, value in points:
        x = _MARGIN + (WIDTH - 2 * _MARGIN) * (at - start).total_seconds() / span
        yield x, HEIGHT - (HEIGHT - 2 * _MARGIN) * max(value, 0) / highest


def _path(corners: Iterator[tuple[float, float]]) -> str:
    """Return the line through corners; of those that fall into the same few dots the last one counts."""
    kept = {round(x / _FINE): (x, y) for x, y in corners}
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in kept.values())


def _columns(days: Sequence[Bar], values: Sequence[int], highest: int) -> str:
    step = WIDTH / max(len(days), 1)
    wide = _short(step * (1 - _GAP))
    room = HEIGHT - 2 * _MARK
    return "".join(
        f"M{_short(place * step)} {_short(room)}v-{_short(max(room * value / highest, 1))}h{wide}V{_short(room)}z"
        for place, value in enumerate(values)
        if value > 0
    )


def _marks(days: Sequence[Bar]) -> str:
    step = WIDTH / max(len(days), 1)
    wide = _short(step * (1 - _GAP))
    return "".join(
        f"M{_short(place * step)} {HEIGHT}v-{_MARK}h{wide}v{_MARK}z" for place, bar in enumerate(days) if bar.late
    )


def _told(noun: str, days: Sequence[Bar]) -> str:
    """Return what the columns show: from when to when, how much in all, the fullest day, what went wrong."""
    fullest = max(days, key=lambda bar: bar.all)
    late = sum(bar.late for bar in days)
    said = [
        f"{words.short_day(days[0].day)} to {words.short_day(days[-1].day)}",
        words.count(sum(bar.all for bar in days), noun),
        f"most on {words.short_day(fullest.day)}, {fullest.all:,}" if fullest.all else "",
        f"{words.count(late, 'day')} without what was due" if late else "",
    ]
    return "; ".join(filter(None, said)) + "."


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
