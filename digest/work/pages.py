"""Which pages the site has, and each one rendered.

What is published stands in *bundles* of leaves: a bundle whose `key` is that of the last time needs no second look, nor
does a leaf in one that has changed. What has no end (papers, searches) or changes by the hour (sources) is rendered
when it is asked for: see `looking`. Personal topics are in none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from digest.app import App
from digest.config.settings import Release
from digest.model import Edition, EditionId, EditionState, Mode, Period, PeriodKind, Topic, TopicId, Value
from digest.rank.score import weights_for, weights_of
from digest.render import pages, paths
from digest.render.charts import Bar
from digest.render.pages import Frame, Making
from digest.render.pages.calendar import years_of
from digest.work import looking

VOLUME = 30  # days
_DAY = timedelta(days=1)


class Leaf(NamedTuple):
    """A page at a `path` such as "/topics/kv-cache/", or a file such as "/robots.txt".

    Its bytes are the same while its `key` is. `modified` is when the newest edition in it was released.
    """

    path: str
    key: Hashable
    modified: datetime | None
    make: Callable[[], bytes]


class Bundle(NamedTuple):
    """The leaves of one topic, or of what all topics share: none of them changed while the `key` is the same."""

    name: str
    key: Hashable
    leaves: Callable[[], Iterator[Leaf]]


class Shown(Value):
    """A topic of the site and when its editions were released, by period."""

    topic: Topic
    released: Mapping[Period, datetime]

    @property
    def modified(self) -> datetime | None:
        return max(self.released.values(), default=None)

    @property
    def latest(self) -> Period | None:
        """The newest period; of those that end together the shortest."""
        return max(self.released, key=lambda period: (period.end, period.start), default=None)

    def edition_id(self, period: Period) -> EditionId:
        return EditionId(f"{self.topic.id}/{period.label}")


def frame(app: App, *, served: bool = True) -> Frame:
    """Return what all pages of the site share; one that is not `served` but exported as files has no search."""
    by_mail = bool(app.settings.smtp.url)
    return Frame(env=app.templates, site=app.site, search=served, by_mail=by_mail)


def bundles(app: App, *, served: bool = True) -> Iterator[Bundle]:
    """Yield all that is published; what links comes after what it links to.

    A site that is not `served` but exported as files has no search, and leaves for the papers of its editions and for
    its sources.
    """
    shown, around = site_topics(app), frame(app, served=served)
    for one in shown:
        yield Bundle(f"topic {one.topic.id}", _key(one), partial(_topic_leaves, app, around, one))
    key = tuple(map(_key, shown))
    if not served:
        topics = [one.topic.id for one in shown]
        yield Bundle(
            "papers",
            (app.calendar.today(app.now()), key),
            partial(_files, partial(looking.paper_files, app, around, topics)),
        )
        yield Bundle("sources", app.now(), partial(_files, partial(looking.source_files, app, around)))
    yield Bundle("shared", key, partial(_shared_leaves, app, around, shown))


def live(app: App, path: str, query: Mapping[str, str]) -> bytes | None:
    """Return what is rendered on demand, or None if nothing stands at `path`; its extension tells its media type.

    A paper and its `cite.bib`, the sources, a search. `query` may hold anything; paths without a search ignore it.
    """
    return looking.live(app, frame(app), path, query)


def _files(found: Callable[[], Iterator[tuple[str, bytes]]]) -> Iterator[Leaf]:
    """Yield as leaves what is rendered anew each time."""
    for path, body in found():
        yield Leaf(path, body, None, partial(bytes, body))


def site_topics(app: App) -> list[Shown]:
    """Return the topics that have pages, by id."""
    released: dict[TopicId, dict[Period, datetime]] = {}
    for edition_id, at in app.store.releases().items():
        topic, _, label = edition_id.partition("/")
        released.setdefault(TopicId(topic), {})[Period.parse(label)] = at
    topics = (topic for topic in app.store.topics() if topic.enabled and topic.owner is None)
    return [Shown(topic=topic, released=released.get(topic.id, {})) for topic in topics]


def _key(one: Shown) -> Hashable:
    return one.topic, tuple(sorted(one.released.items(), key=lambda item: item[0].label))


def _topic_leaves(app: App, around: Frame, one: Shown) -> Iterator[Leaf]:
    sizes = app.store.sizes(one.topic.id)
    for older, period, newer in neighbours(one.released):
        yield from _edition_leaves(app, around, one, period, newer, older, sizes.get(one.edition_id(period), 0))
    for year in (None, *years_of(one.released)):
        make = partial(pages.topic_archive_page, around, one.topic, one.released, year=year)
        yield Leaf(paths.topic_archive_path(one.topic.id, year), _key(one), one.modified, make)
    yield Leaf(paths.topic_path(one.topic.id), _key(one), one.modified, partial(_topic_page, app, around, one))


def _edition_leaves(
    app: App, around: Frame, one: Shown, period: Period, newer: Period | None, older: Period | None, picks: int
) -> Iterator[Leaf]:
    at = one.released[period]
    modified = max(at, one.released[newer]) if newer else at

    def make(number: int) -> bytes:
        edition = app.store.edition(one.edition_id(period))
        return pages.edition_page(around, edition, number=number, newer=newer, older=older)

    for number in range(1, pages.edition_pages(picks) + 1):
        path = paths.numbered(paths.period_path(one.topic.id, period), number)
        yield Leaf(path, (at, newer, older, picks), modified, partial(make, number))


def _topic_page(app: App, around: Frame, one: Shown) -> bytes:
    return pages.topic_page(
        around,
        one.topic,
        app.store.edition(one.edition_id(one.latest)) if one.latest else None,
        one.released,
        weights=weights_for(one.topic, app.settings.default_weights),
        volume=_volume(app, one),
    )


def _volume(app: App, one: Shown) -> tuple[Bar, ...]:
    """Return what fitted the topic, and was picked, on each of the days up to the newest; () for fewer than two."""
    days = [period for period in one.released if period.kind is PeriodKind.DAY]
    last = max((period.start for period in days), default=None)
    editions = app.store.editions(one.topic.id, kind=PeriodKind.DAY, state=EditionState.RELEASED, limit=VOLUME)
    found = {edition.period.start: edition for edition in editions}
    if last is None or len(found) < 2:
        return ()
    return tuple(_bar(last - n * _DAY, found.get(last - n * _DAY)) for n in reversed(range(VOLUME)))


def _bar(day: date, edition: Edition | None) -> Bar:
    if edition is None:
        return Bar(day=day, all=0)
    return Bar(day=day, all=max(edition.matched, len(edition.picks)), part=len(edition.picks))


def _shared_leaves(app: App, around: Frame, shown: Sequence[Shown]) -> Iterator[Leaf]:
    """Yield the pages about all topics, each period's first among them, and what crawlers read."""
    key = tuple(map(_key, shown))
    modified = max((one.modified for one in shown if one.modified), default=None)
    periods = {period for one in shown for period in one.released}
    yield Leaf(paths.STYLE, "", None, partial(pages.stylesheet, app.templates))
    yield from _front_leaves(app, around, shown, periods)
    for year in (None, *years_of(periods)):
        yield Leaf(paths.archive_path(year), key, modified, partial(pages.archive_page, around, periods, year=year))
    latest = [(one.topic, one.latest) for one in shown]
    for number in range(1, pages.topics_pages(len(latest)) + 1):
        make = partial(pages.topics_page, around, latest, number=number)
        yield Leaf(paths.numbered(paths.TOPICS, number), key, modified, make)
    yield Leaf(paths.ABOUT, "", None, lambda: pages.about_page(around, making(app)))
    yield Leaf(paths.ROBOTS, "", None, lambda: pages.robots(app.site))
    for path, body in pages.sitemaps(app.site, list(_places(app, shown, periods, modified))):
        yield Leaf(path, body, modified, partial(bytes, body))


def _front_leaves(app: App, around: Frame, shown: Sequence[Shown], periods: Collection[Period]) -> Iterator[Leaf]:
    newest = {kind: max(same, key=_start) for kind in PeriodKind if (same := [p for p in periods if p.kind is kind])}
    for older, period, newer in neighbours(periods):
        present = [one for one in shown if period in one.released]
        key = (newer, older, tuple(newest.items()), tuple((one.topic, one.released[period]) for one in present))
        at = max(one.released[period] for one in present)
        make = partial(_front, app, around, period, present, newest=newest, newer=newer, older=older)
        yield Leaf(paths.front_path(period), key, at, make)
    today = newest[min(newest, key=list(PeriodKind).index)] if newest else None
    older = max(
        (p for p in periods if today and p.kind is today.kind and p.start < today.start), key=_start, default=None
    )
    modified = max((one.modified for one in shown if one.modified), default=None)
    present = [one for one in shown if today in one.released]
    make = partial(_front, app, around, today, present, first=True, shown=shown, newest=newest, older=older)
    yield Leaf("/", tuple(map(_key, shown)), modified, make)


def _front(
    app: App,
    around: Frame,
    period: Period | None,
    present: Sequence[Shown],
    *,
    first: bool = False,
    shown: Sequence[Shown] = (),
    newest: Mapping[PeriodKind, Period],
    newer: Period | None = None,
    older: Period | None = None,
) -> bytes:
    """Return a front page; those topics that it has no room for are named, and on the first page all others too."""
    full = present[: pages.TOPICS_SHOWN]
    named = {one.topic.id for one in full}
    others = [(one.topic, one.latest) for one in (*present, *shown) if one.topic.id not in named]
    return pages.front_page(
        around,
        period,
        [app.store.edition(one.edition_id(period)) for one in full if period],
        first=first,
        others=list({topic.id: (topic, latest) for topic, latest in others}.values()),
        newest=newest,
        newer=newer,
        older=older,
    )


def _places(
    app: App, shown: Sequence[Shown], periods: Collection[Period], modified: datetime | None
) -> Iterator[tuple[str, datetime | None]]:
    """Yield every page that is worth a crawler's visit, and when it last changed."""
    yield from (("/", modified), (paths.TOPICS, modified), (paths.ARCHIVE, modified))
    yield from ((paths.SOURCES, None), (paths.ABOUT, None))
    for period in sorted(periods, key=lambda period: period.label, reverse=True):
        yield paths.front_path(period), max(one.released[period] for one in shown if period in one.released)
    for one in shown:
        yield paths.topic_path(one.topic.id), one.modified
        for period in sorted(one.released, key=lambda period: period.label, reverse=True):
            yield paths.period_path(one.topic.id, period), one.released[period]
    for paper, at in app.store.shown_papers().items():
        if path := paths.paper_path(paper):
            yield path, at


def neighbours(periods: Collection[Period]) -> Iterator[tuple[Period | None, Period, Period | None]]:
    """Yield each period between the next older and the next newer one of its kind."""
    for kind in PeriodKind:
        same = sorted((period for period in periods if period.kind is kind), key=_start)
        yield from zip([None, *same], same, [*same[1:], None], strict=False)


def making(app: App) -> Making:
    """Return how editions are made here, for those who ask."""
    settings, default = app.settings, app.settings.default_weights
    return Making(
        weights={mode: weights_of(mode, None, default) for mode in Mode},
        compose_at=settings.schedule.compose_at,
        compose_by=settings.schedule.compose_by,
        zone=settings.site.zone,
        by_hand=settings.schedule.release is Release.MANUAL,
        repeats=_repeats(settings.repeat_horizon),
        machine=settings.summary.model if settings.summary.url else "",
        per_author=settings.limits.per_author,
    )


def _repeats(horizon: timedelta | None) -> str:
    return f"no topic shows a paper again within {horizon.days} days" if horizon else "no topic shows a paper twice"


def _start(period: Period) -> date:
    return period.start
