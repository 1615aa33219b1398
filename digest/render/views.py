"""What pages and mails show: papers and editions in words, ready for a template. English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC

from digest.model import Edition, Paper, Part, Period, Pick, Rights, SignalKind, Topic, Value, Withdrawal
from digest.render import paths, words
from digest.text import SUMMARY, safe_url, shorten, summary_of, tidy

# In characters: what others wrote has no bound of its own, and a mail has one.
TITLE, NAME, REASON, NOTE = 300, 80, 300, 600
AUTHORS = 5
WITHDRAWN = 10
THIN = 2  # so few picks make a quiet day
LINKS = {"abstract": "Abstract", "pdf": "PDF", "code": "Code", "project": "Project", "discussion": "Discussion"}
FEEDS = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}


class Link(Value):
    """A word and where it leads: an address, or a path on the site."""

    label: str
    target: str


class FeedLink(Link):
    """A topic's feed, in one of its formats: a media type and a title for programs that look for feeds."""

    type: str
    title: str


class PartView(Value):
    """One addend of a score, in digits: `value` times `weight` is `product`."""

    name: str
    value: str
    weight: str
    product: str
    detail: str


class PaperView(Value):
    """A pick as shown; an empty text is left out. `url` is where the title leads, if any address is known, and
    `page` our own page about the paper, by its path.

    `people` are the authors to name and, after a cut, "12 more"; `also` are papers much like this one, with no target
    where no address is known.
    """

    number: int
    anchor: str
    title: str
    url: str | None
    page: str | None
    people: tuple[str, ...]
    summary: str
    also: tuple[Link, ...]
    reason: str
    numbers: str
    dates: str
    links: tuple[Link, ...]
    score: str
    parts: tuple[PartView, ...]
    withdrawn: bool

    @property
    def byline(self) -> str:
        """The people as in "A. Ruiz, B. Li and 12 more"."""
        return words.series(self.people)


class WithdrawalView(Value):
    """A paper that was shown before and is withdrawn now: its title, where that leads if anywhere, when it stood."""

    title: str
    url: str | None
    shown: str


class EditionView(Value):
    """An edition as shown; an empty text is left out. `lead` says what is inside, also when that is little; `late` are
    papers of earlier days that bloomed since.

    `path` is its page on the site. A personal topic's edition has none, and no feeds that can be named here.
    """

    topic: str
    description: str
    period: str
    lead: str
    papers: tuple[PaperView, ...]
    late: tuple[PaperView, ...]
    note: str
    health: str
    withdrawn: tuple[WithdrawalView, ...]
    path: str | None
    topic_path: str | None
    feeds: tuple[FeedLink, ...]


def edition_view(edition: Edition, papers: tuple[PaperView, ...] | None = None) -> EditionView:
    """Return an edition in words; with `papers` if they are known, for they are most of the work."""
    topic, public = edition.topic, edition.topic.owner is None
    return EditionView(
        topic=name_of(topic),
        description=line(topic.description, NOTE),
        period=words.period(edition.period),
        lead=lead(edition),
        papers=tuple(map(paper_view, edition.picks)) if papers is None else papers,
        late=tuple(map(paper_view, edition.late)),
        note=line(edition.note or "", NOTE),
        health=words.sentence(line(edition.health or "", NOTE)),
        withdrawn=tuple(map(_withdrawal, edition.withdrawn[:WITHDRAWN])),
        path=paths.edition_path(edition) if public else None,
        topic_path=paths.topic_path(topic.id) if public else None,
        feeds=feed_links(topic) if public else (),
    )


def name_of(topic: Topic) -> str:
    """Return a topic's name as it can be shown, never nothing."""
    return line(topic.name, NAME) or topic.id


def line(text: str, limit: int) -> str:
    """Return a text as it can be shown. Papers are cleaned at intake; topics and notes are as somebody typed them."""
    return shorten(tidy(text), limit)


def feed_links(topic: Topic) -> tuple[FeedLink, ...]:
    """Return a topic's feeds, by their paths."""
    name, path, kinds = line(topic.name, NAME), paths.feed_path, paths.FEED_FORMATS
    return tuple(
        FeedLink(label=label, target=path(topic.id, extension), type=kinds[extension], title=f"{name} ({label})")
        for extension, label in FEEDS.items()
    )


def lead(edition: Edition) -> str:
    """Return the first sentence of an edition: how many papers were picked out of how many, with no excuse."""
    picked, seen, kind = len(edition.picks), edition.considered, edition.period.kind
    if not picked:
        return _nothing(edition)
    if picked <= THIN < edition.topic.limit and seen > picked:
        if picked == edition.matched:
            return f"A quiet {kind}: {picked} of the {words.count(seen, 'paper')} we saw {_fit(picked)} this topic."
        return f"A quiet {kind}: {words.count(picked, 'paper')} picked from the {seen:,} we saw."
    return f"{words.count(picked, 'paper')}{f' picked from the {seen:,} we saw' if seen > picked else ''}."


def paper_view(pick: Pick, *, parts: bool = True) -> PaperView:
    """Return a pick in words, with as much of its abstract as its source lets us republish; its score's `parts` too."""
    paper, links = pick.paper, _links(pick.paper)
    return PaperView(
        number=pick.rank,
        anchor=paths.paper_anchor(paper.id),
        title=line(paper.title, TITLE) or "Untitled",
        url=links[0].target if links else None,
        page=paths.paper_path(paper.id),
        people=tuple(line(name, NAME) for name in words.cut(paper.authors, AUTHORS)),
        summary=_summary(pick),
        also=_sisters(pick),
        reason=words.sentence(line(pick.sentence, REASON)),
        numbers=counted(pick.numbers),
        dates=" · ".join(_dates(paper)),
        links=links,
        score=f"{pick.score:.3f}",
        parts=tuple(map(_part, pick.parts)) if parts else (),
        withdrawn=paper.withdrawn,
    )


def _withdrawal(one: Withdrawal) -> WithdrawalView:
    shown = words.period(Period.parse(one.label))
    url = safe_url(one.url) if one.url else None
    return WithdrawalView(title=line(one.title, TITLE) or "Untitled", url=url, shown=shown)


def _nothing(edition: Edition) -> str:
    seen = words.count(edition.considered, "paper")
    match edition.considered, edition.matched:
        case 0, _:
            return "Nothing new: our sources listed no papers."
        case 1, 0:
            return "Nothing new: the one paper we saw does not fit this topic."
        case _, 0:
            return f"Nothing new: none of the {seen} we saw fits this topic."
    return f"Nothing new: none of the {seen} we saw made it into this edition."


def _fit(number: int) -> str:
    return "fits" if number == 1 else "fit"


def _summary(pick: Pick) -> str:
    """Return what the edition froze of a paper's text, from before there was that its abstract's; never without leave.

    What a machine wrote says so here, so that no template can forget it.
    """
    if pick.paper.rights is Rights.LINK:
        return ""
    text = line(pick.summary or summary_of(pick.paper), SUMMARY)
    return f"{text} (Written by a machine: {line(pick.summarised_by, NAME)}.)" if pick.summarised_by else text


def _sisters(pick: Pick) -> tuple[Link, ...]:
    return tuple(Link(label=line(sister.title, TITLE), target=safe_url(sister.url or "") or "") for sister in pick.also)


def counted(numbers: Mapping[SignalKind, int]) -> str:
    """Return numbers in words: "12 upvotes · 3 comments"."""
    found = ((kind, numbers.get(kind, 0)) for kind in SignalKind)
    return " · ".join(
        words.count(number, kind.replace("_", " ").removesuffix("s")) for kind, number in found if number > 0
    )


def _dates(paper: Paper) -> Iterator[str]:
    """Yield what is known. A source's dates are whole days in UTC more often than not, so no zone moves them."""
    listed = paper.listed is not None and paper.listed <= paper.first_seen
    yield f"{'listed' if listed else 'first seen'} {words.short_day(paper.fresh_from.astimezone(UTC))}"
    if paper.submitted:
        yield f"submitted {words.short_day(paper.submitted.astimezone(UTC))}"


def _links(paper: Paper) -> tuple[Link, ...]:
    """Return each address once, under the first name that leads to it."""
    found: dict[str, str] = {}
    for name, label in LINKS.items():
        url = getattr(paper.links, name)
        if url and (safe := safe_url(url)):
            found.setdefault(safe, label)
    return tuple(Link(label=label, target=url) for url, label in found.items())


def _part(part: Part) -> PartView:
    return PartView(
        name=line(part.name, NAME),
        value=f"{part.value:.3f}",
        weight=f"{part.weight:g}",
        product=f"{part.value * part.weight:.3f}",
        detail=line(part.detail, REASON),
    )
