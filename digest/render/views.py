"""What pages and mails show: papers and editions in words of a language, ready for a template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC

from digest.model import Edition, Paper, Part, Period, PeriodKind, Pick, Rights, SignalKind, Topic, Value, Withdrawal
from digest.render import paths, words
from digest.render.languages import ENGLISH, Language, noted
from digest.render.standing import line_of
from digest.render.why import sentence
from digest.text import SUMMARY, safe_url, shorten, summary_of, tidy

# In characters: what others wrote has no bound of its own, and a mail has one.
TITLE, NAME, REASON, NOTE = 300, 80, 300, 600
AUTHORS = 5
WITHDRAWN = 10
THIN = 2  # so few picks make a quiet day
LINKS = {
    "abstract": noted("Abstract"),
    "pdf": noted("PDF"),
    "code": noted("Code"),
    "project": noted("Project"),
    "discussion": noted("Discussion"),
}
COUNTS = {
    SignalKind.UPVOTES: noted("{n} upvote", "{n} upvotes"),
    SignalKind.COMMENTS: noted("{n} comment", "{n} comments"),
    SignalKind.STARS: noted("{n} star", "{n} stars"),
    SignalKind.CITATIONS: noted("{n} citation", "{n} citations"),
    SignalKind.MENTIONS: noted("{n} mention", "{n} mentions"),
    SignalKind.READER_VOTES: noted("{n} reader vote", "{n} reader votes"),
}
_PICKED = noted("{n} paper picked from the {seen} we saw.", "{n} papers picked from the {seen} we saw.")
_FITTING = noted("{n} of the {seen} papers we saw fits this topic.", "{n} of the {seen} papers we saw fit this topic.")
_QUIET = {
    PeriodKind.DAY: noted("A quiet day:"),
    PeriodKind.WEEK: noted("A quiet week:"),
    PeriodKind.MONTH: noted("A quiet month:"),
}
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
    where no address is known. `votes` are the first of its `numbers`.
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
    votes: str
    dates: str
    links: tuple[Link, ...]
    score: str
    parts: tuple[PartView, ...]
    withdrawn: bool


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


def edition_view(
    edition: Edition, papers: tuple[PaperView, ...] | None = None, *, language: Language = ENGLISH
) -> EditionView:
    """Return an edition in words; with `papers` if they are known, for they are most of the work."""
    topic, public = edition.topic, edition.topic.owner is None
    return EditionView(
        topic=name_of(topic, language),
        description=line(topic.description, NOTE),
        period=words.period(edition.period, language),
        lead=lead(edition, language),
        papers=_papers(edition.picks, language) if papers is None else papers,
        late=_papers(edition.late, language),
        note=line(edition.note or "", NOTE),
        health=words.sentence(line(line_of(edition.health, language), NOTE)),
        withdrawn=tuple(_withdrawal(one, language) for one in edition.withdrawn[:WITHDRAWN]),
        path=paths.edition_path(edition) if public else None,
        topic_path=paths.topic_path(topic.id) if public else None,
        feeds=feed_links(topic) if public else (),
    )


def name_of(topic: Topic, language: Language = ENGLISH) -> str:
    """Return a topic's name as it can be shown, never nothing. A reader's own topic has the name that we gave it."""
    name = line(topic.name, NAME) or topic.id
    return language.message(name) if topic.owner else name


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


def lead(edition: Edition, language: Language = ENGLISH) -> str:
    """Return the first sentence of an edition: how many papers were picked out of how many, with no excuse."""
    picked, seen, say = len(edition.picks), edition.considered, language.say
    if not picked:
        return _nothing(edition, language)
    if seen <= picked:
        return say("{n} paper.", "{n} papers.", n=picked)
    if picked > THIN or picked >= edition.topic.limit:
        return say(*_PICKED, n=picked, seen=seen)
    quiet = say(*_QUIET[edition.period.kind])
    if picked == edition.matched:
        return f"{quiet} {say(*_FITTING, n=picked, seen=seen)}"
    return f"{quiet} {say(*_PICKED, n=picked, seen=seen)}"


def paper_view(pick: Pick, *, parts: bool = True, language: Language = ENGLISH) -> PaperView:
    """Return a pick in words, with as much of its abstract as its source lets us republish; its score's `parts` too."""
    paper, links = pick.paper, _links(pick.paper, language)
    return PaperView(
        number=pick.rank,
        anchor=paths.paper_anchor(paper.id),
        title=line(paper.title, TITLE) or language.say("Untitled"),
        url=links[0].target if links else None,
        page=paths.paper_path(paper.id),
        people=tuple(line(name, NAME) for name in words.cut(paper.authors, AUTHORS, language)),
        summary=_summary(pick, language),
        also=_sisters(pick),
        reason=words.sentence(line(sentence(pick, language), REASON)),
        numbers=counted(pick.numbers, language),
        votes=_votes(pick, language),
        dates=" · ".join(_dates(paper, language)),
        links=links,
        score=f"{pick.score:.3f}",
        parts=tuple(map(_part, pick.parts)) if parts else (),
        withdrawn=paper.withdrawn,
    )


def _papers(picks: Iterable[Pick], language: Language) -> tuple[PaperView, ...]:
    return tuple(paper_view(pick, language=language) for pick in picks)


def _withdrawal(one: Withdrawal, language: Language) -> WithdrawalView:
    shown = words.period(Period.parse(one.label), language)
    url = safe_url(one.url) if one.url else None
    return WithdrawalView(title=line(one.title, TITLE) or language.say("Untitled"), url=url, shown=shown)


def _nothing(edition: Edition, language: Language) -> str:
    seen, say = edition.considered, language.say
    match seen, edition.matched:
        case 0, _:
            return say("Nothing new: our sources listed no papers.")
        case 1, 0:
            return say("Nothing new: the one paper we saw does not fit this topic.")
        case 1, _:
            return say("Nothing new: the one paper we saw did not make it into this edition.")
        case _, 0:
            return say("Nothing new: none of the {seen} papers we saw fits this topic.", seen=seen)
    return say("Nothing new: none of the {seen} papers we saw made it into this edition.", seen=seen)


def _summary(pick: Pick, language: Language) -> str:
    """Return what the edition froze of a paper's text, from before there was that its abstract's; never without leave.

    What a machine wrote says so here, so that no template can forget it.
    """
    if pick.paper.rights is Rights.LINK:
        return ""
    text = line(pick.summary or summary_of(pick.paper), SUMMARY)
    if not pick.summarised_by:
        return text
    said = language.say("(Written by a machine: {machine}.)", machine=line(pick.summarised_by, NAME))
    return f"{text} {said}"


def _sisters(pick: Pick) -> tuple[Link, ...]:
    return tuple(Link(label=line(sister.title, TITLE), target=safe_url(sister.url or "") or "") for sister in pick.also)


def counted(numbers: Mapping[SignalKind, int], language: Language = ENGLISH) -> str:
    """Return numbers in words: "12 upvotes · 3 comments"."""
    return " · ".join(language.say(*COUNTS[kind], n=numbers[kind]) for kind in COUNTS if numbers.get(kind, 0) > 0)


def _votes(pick: Pick, language: Language) -> str:
    votes = pick.numbers.get(SignalKind.UPVOTES, 0)
    return counted({SignalKind.UPVOTES: votes}, language) if votes > 0 else ""


def _dates(paper: Paper, language: Language) -> Iterator[str]:
    """Yield what is known. A source's dates are whole days in UTC more often than not, so no zone moves them."""
    fresh = words.short_day(paper.fresh_from.astimezone(UTC).date(), language)
    listed = paper.listed is not None and paper.listed <= paper.first_seen
    yield language.say("listed {date}", date=fresh) if listed else language.say("first seen {date}", date=fresh)
    if paper.submitted:
        yield language.say("submitted {date}", date=words.short_day(paper.submitted.astimezone(UTC).date(), language))


def _links(paper: Paper, language: Language) -> tuple[Link, ...]:
    """Return each address once, under the first name that leads to it."""
    found: dict[str, tuple[str, str | None]] = {}
    for name, label in LINKS.items():
        url = getattr(paper.links, name)
        if url and (safe := safe_url(url)):
            found.setdefault(safe, label)
    return tuple(Link(label=language.say(*label), target=url) for url, label in found.items())


def _part(part: Part) -> PartView:
    return PartView(
        name=line(part.name, NAME),
        value=f"{part.value:.3f}",
        weight=f"{part.weight:g}",
        product=f"{part.value * part.weight:.3f}",
        detail=line(part.detail, REASON),
    )
