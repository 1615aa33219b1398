"""The pages of a topic: an edition, the topic itself, its archive, and the list of all topics."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from digest.model import Edition, Mode, Period, Pick, Topic, Value, Weights
from digest.render import archives, charts, paths, words
from digest.render.charts import Bar
from digest.render.pages.calendar import calendar, years_of
from digest.render.pages.frame import FEED_NAMES, Frame, public, site_feeds
from digest.render.pages.lists import pages_of, sliced, turn
from digest.render.views import NAME, NOTE, EditionView, FeedLink, Link, edition_view, feed_links, line, paper_view

ON_THE_TOPIC = 10  # papers of the latest edition
RECENT = 30  # editions named on a topic's own page
TOPICS_A_PAGE = 100
_WORDS = 40  # of a topic, that are shown
_MODES = {
    Mode.FRESH: "New papers first",
    Mode.TRENDING: "What is talked about now first",
    Mode.BEST: "The strongest of the period first",
}


class TopicView(Value):
    """A topic as shown. `asks` are what it looks for, by a name for each kind of thing."""

    name: str
    description: str
    path: str
    feeds: tuple[FeedLink, ...]
    asks: tuple[Link, ...] = ()


def edition_page(
    frame: Frame, edition: Edition, *, number: int = 1, newer: Period | None = None, older: Period | None = None
) -> bytes:
    """Return a page of an edition, from 1; `newer` and `older` are the periods of its neighbours.

    Raises RenderError, also for a personal topic.
    """
    view = first_of(edition, sliced(edition.picks, number, paths.PAPERS_A_PAGE))
    path = public(edition.topic, paths.edition_path(edition))
    total = edition_pages(len(edition.picks))
    return frame.page(
        "web/edition.html",
        paths.numbered(path, number),
        title=f"{view.topic}, {view.period}{f', page {number}' if number > 1 else ''}",
        description=view.lead,
        feeds=view.feeds,
        edition=view,
        turn=turn(path, number, total),
        newer=_neighbour(edition.topic, newer),
        older=_neighbour(edition.topic, older),
        first=number == 1,
    )


def edition_pages(picks: int) -> int:
    """Return how many pages an edition of so many picks takes."""
    return pages_of(picks, paths.PAPERS_A_PAGE)


def topic_page(
    frame: Frame,
    topic: Topic,
    latest: Edition | None,
    periods: Collection[Period],
    *,
    weights: Weights,
    volume: Sequence[Bar] = (),
) -> bytes:
    """Return a topic's page: its latest edition, what it looks for and by which weights, and its last editions.

    `periods` are those of its editions in any order; `volume` counts the papers that fit day by day, and the picks.
    Raises RenderError, also for a personal topic.
    """
    view = topic_view(topic, weights)
    return frame.page(
        "web/topic.html",
        public(topic, view.path),
        title=view.name,
        description=view.description or f"Papers on {view.name}, picked by {frame.site.title}",
        section=paths.TOPICS,
        feeds=view.feeds,
        topic=view,
        mode=_MODES[topic.mode],
        edition=first_of(latest, latest.picks[:ON_THE_TOPIC]) if latest else None,
        total=len(latest.picks) if latest else 0,
        subscribe=frame.subscribe(topic),
        volume=charts.bars(f"Papers on {view.name} in {len(volume)} days", "paper that fits", volume),
        volume_says=_volume(volume),
        recent=[_spine(topic, period) for period in newest_first(periods)[:RECENT]],
        archive=paths.topic_archive_path(topic.id) if periods else None,
    )


def first_of(edition: Edition, picks: Sequence[Pick]) -> EditionView:
    """Return an edition in words, with these of its picks only: they are most of the work."""
    return edition_view(edition, tuple(map(paper_view, picks)))


def topic_archive_page(frame: Frame, topic: Topic, periods: Collection[Period], *, year: int | None = None) -> bytes:
    """Return the calendar of a topic's editions of a year, by itself the newest. Raises RenderError."""
    years = years_of(periods)
    shown, name = year or (years[0] if years else 0), line(topic.name, NAME)
    return frame.page(
        "web/archive.html",
        public(topic, paths.topic_archive_path(topic.id, year)),
        title=f"{name}: all editions" + (f" of {year}" if year else ""),
        description=f"All editions on {name} by {frame.site.title}.",
        feeds=feed_links(topic),
        heading=Link(label=name, target=paths.topic_path(topic.id)),
        months=calendar(periods, shown, lambda period: paths.period_path(topic.id, period)),
        year=shown,
        years=[Link(label=str(one), target=paths.topic_archive_path(topic.id, one)) for one in years],
    )


def topics_page(frame: Frame, latest: Sequence[tuple[Topic, Period | None]], *, number: int = 1) -> bytes:
    """Return a page of the list of all public topics, each with its latest edition's period. Raises RenderError."""
    listed = [(topic, period) for topic, period in latest if topic.owner is None]
    total = topics_pages(len(listed))
    return frame.page(
        "web/topics.html",
        paths.numbered(paths.TOPICS, number),
        title=f"Topics, page {number}" if number > 1 else "Topics",
        description=f"All topics of {frame.site.title}, each with its feeds.",
        section=paths.TOPICS,
        topics=[
            (_short_view(topic), _latest(topic, period)) for topic, period in sliced(listed, number, TOPICS_A_PAGE)
        ],
        subscribe=frame.subscribe(),
        across=[(FEED_NAMES[feed], site_feeds(feed)) for feed in FEED_NAMES],
        opml=archives.OPML,
        turn=turn(paths.TOPICS, number, total),
    )


def topics_pages(topics: int) -> int:
    """Return how many pages the list of topics takes."""
    return pages_of(topics, TOPICS_A_PAGE)


def topic_view(topic: Topic, weights: Weights) -> TopicView:
    """Return a topic in words, with all that it looks for."""
    said = {
        "Speaks for a paper": words.series(_quoted(topic.should)),
        "Must be there, one of": words.series(_quoted(topic.must)),
        "Rules a paper out": words.series(_quoted(topic.not_)),
        "Liked categories": words.series(words.cut(topic.categories, _WORDS)),
        "Followed authors": words.series(words.cut([line(name, NAME) for name in topic.authors], _WORDS)),
        "Papers to resemble": words.count(len(topic.examples), "example") if topic.examples else "",
        "Weights": weights_line(weights),
    }
    asks = tuple(Link(label=label, target=text) for label, text in said.items() if text)
    return TopicView(
        name=line(topic.name, NAME),
        description=line(topic.description, NOTE),
        path=paths.topic_path(topic.id),
        feeds=feed_links(topic),
        asks=asks,
    )


def weights_line(weights: Weights) -> str:
    """Return weights in words: "relevance 0.5, freshness 0.3 and trend 0.2"."""
    named = ((name, getattr(weights, name)) for name in Weights.__struct_fields__)
    return words.series([f"{name} {weight:.2g}" for name, weight in named if weight])


def newest_first(periods: Collection[Period]) -> list[Period]:
    """Return periods by their ends, and of those that end together the shortest first."""
    return sorted(periods, key=lambda period: (period.end, period.start), reverse=True)


def _short_view(topic: Topic) -> TopicView:
    return TopicView(
        name=line(topic.name, NAME),
        description=line(topic.description, 200),
        path=paths.topic_path(topic.id),
        feeds=feed_links(topic),
    )


def _latest(topic: Topic, period: Period | None) -> Link | None:
    return Link(label=words.period(period), target=paths.period_path(topic.id, period)) if period else None


def _quoted(found: Sequence[str]) -> tuple[str, ...]:
    return words.cut([f"“{line(word, NAME)}”" for word in found], _WORDS)


def _neighbour(topic: Topic, period: Period | None) -> Link | None:
    return _latest(topic, period)


def _spine(topic: Topic, period: Period) -> Link:
    return Link(label=words.short_period(period), target=paths.period_path(topic.id, period))


def _volume(days: Sequence[Bar]) -> str:
    fitting, picked = sum(bar.all for bar in days), sum(bar.part for bar in days)
    return (
        f"{words.count(fitting, 'paper')} fitted in {words.count(len(days), 'day')}, of which {picked:,} were picked."
    )
