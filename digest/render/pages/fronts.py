"""The first page, and those like it: all topics' editions of one day, week or month; and their calendar."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from digest.model import Edition, Period, PeriodKind, Topic
from digest.render import paths, words
from digest.render.pages.calendar import calendar, years_of
from digest.render.pages.editions import first_of
from digest.render.pages.frame import Frame
from digest.render.views import NAME, Link, line

# Papers on one front page, over all its topics; a topic has from one to so many.
PAPERS, A_TOPIC = 24, 5
TOPICS_SHOWN = PAPERS
OTHERS = 60


def front_page(
    frame: Frame,
    period: Period | None,
    editions: Sequence[Edition],
    *,
    first: bool = False,
    others: Sequence[tuple[Topic, Period | None]] = (),
    newest: Mapping[PeriodKind, Period] | None = None,
    newer: Period | None = None,
    older: Period | None = None,
) -> bytes:
    """Return the editions of a period, each with its first papers; without a period there is none yet.

    The `first` page is the site's. `others` are the topics without papers here, and of which period their latest
    edition is; `newest` is the latest period of each kind; `newer` and `older` are this one's neighbours. Personal
    topics are left out. Raises RenderError.
    """
    ours = [edition for edition in editions if edition.topic.owner is None]
    shown = min(A_TOPIC, max(1, PAPERS // max(len(ours), 1)))
    named = words.period(period) if period else ""
    return frame.page(
        "web/front.html",
        "/" if first or not period else paths.front_path(period),
        title=frame.site.title if first or not period else named,
        description=frame.site.description if first or not period else f"Papers of {named}, topic by topic.",
        section="/" if first or not period else paths.ARCHIVE,
        period=named,
        kinds=_kinds(period, newest or {}),
        editions=[(first_of(edition, edition.picks[:shown]), len(edition.picks)) for edition in ours],
        others=[_other(topic, latest) for topic, latest in others if topic.owner is None][:OTHERS],
        more=max(len(others) - OTHERS, 0),
        subscribe=frame.subscribe(),
        newer=_way(newer),
        older=_way(older),
    )


def archive_page(frame: Frame, periods: Collection[Period], *, year: int | None = None) -> bytes:
    """Return the calendar of all periods of a year, by itself the newest. Raises RenderError."""
    years = years_of(periods)
    shown = year or (years[0] if years else 0)
    return frame.page(
        "web/archive.html",
        paths.archive_path(year),
        title="Archive" + (f" of {year}" if year else ""),
        description=f"All days, weeks and months of {frame.site.title}.",
        section=paths.ARCHIVE,
        heading=None,
        months=calendar(periods, shown, paths.front_path),
        year=shown,
        years=[Link(label=str(one), target=paths.archive_path(one)) for one in years],
    )


def _kinds(period: Period | None, newest: Mapping[PeriodKind, Period]) -> list[tuple[Link, bool]]:
    """Return the ways to the latest day, week and month, and which of them this is; none if there is but one kind."""
    ways = [
        (
            Link(label=kind.capitalize(), target=paths.front_path(newest[kind])),
            period is not None and period.kind is kind,
        )
        for kind in PeriodKind
        if kind in newest
    ]
    return ways if len(ways) > 1 else []


def _other(topic: Topic, latest: Period | None) -> tuple[Link, str]:
    said = f"latest: {words.short_period(latest)}" if latest else "no edition yet"
    return Link(label=line(topic.name, NAME), target=paths.topic_path(topic.id)), said


def _way(period: Period | None) -> Link | None:
    return Link(label=words.period(period), target=paths.front_path(period)) if period else None
