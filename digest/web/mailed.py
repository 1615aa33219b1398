"""The page of a mail: what its buttons ask for, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec.structs import asdict, replace
from starlette.datastructures import FormData

from digest.app import App
from digest.errors import DigestError
from digest.model import Edition, Pick, SubscriberId, Value, phrase
from digest.rank.effect import Effect
from digest.render import words
from digest.render.languages import ENGLISH, Language, noted
from digest.render.views import TITLE, EditionView, PaperView, edition_view, line, name_of, paper_view
from digest.web import forms
from digest.web.own import told
from digest.work import mailed
from digest.work.mailed import Mailed
from digest.work.personal import PAPERS, Liking, Step, is_empty
from digest.work.wishes import RefusedError

BUTTON, PAPER = "like", "paper"


class Taken(Value):
    """A step that was taken, by what was said of a `paper`, or of all of the page if that is empty."""

    paper: str
    liking: Liking
    step: Step


class Said(Value):
    """What a step did, in sentences, and where that is told: at a paper of this id, or above all."""

    paper: str
    sentences: tuple[str, ...]


class LikedView(PaperView):
    """A paper with its id, and what its reader said of it, empty if nothing."""

    id: str
    liking: str


class MailedView(Value):
    """The page. `topic` is the reader's own, which may be empty; `open` says whether the buttons work."""

    day: str
    sections: tuple[EditionView, ...]
    topic: str
    empty: bool
    liked: bool
    open: bool
    ends: str
    said: Said | None


def take(app: App, reader: SubscriberId, slot: str, form: FormData) -> Taken:
    """Do what a button asks for. Raises RefusedError."""
    asked, paper = forms.text(form, BUTTON), forms.text(form, PAPER)
    if asked not in set(Liking):
        raise RefusedError({BUTTON: phrase("the form asks for nothing that can be done")})
    try:
        step = mailed.like(app, reader, slot, paper, Liking(asked))
    except DigestError as error:
        raise RefusedError({BUTTON: told(error)}) from error
    return Taken(paper=paper, liking=Liking(asked), step=step)


def view(found: Mailed, slot: str, taken: Taken | None = None, language: Language = ENGLISH) -> MailedView:
    """Return the page, with what the step just `taken` did."""
    return MailedView(
        day=words.long_day(date.fromisoformat(slot.partition(":")[2]), language),
        sections=tuple(_section(section, found, language) for section in found.sections),
        topic=name_of(found.topic, language),
        empty=is_empty(found.topic),
        liked=any(pick.paper.id in found.likings for pick in found.picks),
        open=found.open,
        ends=words.short_day(found.ends, language),
        said=_said(taken, found, language) if taken else None,
    )


def _said(taken: Taken, found: Mailed, language: Language) -> Said:
    title = next((pick.paper.title for pick in found.picks if pick.paper.id == taken.paper), "")
    told = _sentences(taken.step, taken.liking, line(title, TITLE), language)
    return Said(paper=taken.paper, sentences=tuple(told))


def _section(section: Edition, found: Mailed, language: Language) -> EditionView:
    return edition_view(section, tuple(_paper(pick, found, language) for pick in section.picks), language=language)


def _paper(pick: Pick, found: Mailed, language: Language) -> LikedView:
    """Return a paper as the mail had it: its title leads where it led there."""
    shown = replace(paper_view(pick, parts=False, language=language), page=None)
    return LikedView(**asdict(shown), id=pick.paper.id, liking=found.likings.get(pick.paper.id, ""))


def _sentences(step: Step, liking: Liking, title: str, language: Language) -> Iterator[str]:
    yield _done(name_of(step.topic, language), liking, title, language)
    if is_empty(step.topic):
        if step.topic.unlike:
            yield language.say("It has nothing to look for yet: say of another paper that you want more like it.")
        return
    yield _moved(step.effect, language)
    if step.dropped:
        yield language.say("We keep the newest {most} papers; an older one gave way.", most=PAPERS)


def _done(topic: str, liking: Liking, title: str, language: Language) -> str:
    say, told = language.say, {"topic": topic, "title": title}
    match liking:
        case Liking.MORE:
            return say("Your topic {topic:quoted} now prefers papers like {title:quoted}.", **told)
        case Liking.LESS:
            return say("Your topic {topic:quoted} now avoids papers like {title:quoted}.", **told)
    if title:
        return say("Taken back: your topic {topic:quoted} no longer goes by {title:quoted}.", **told)
    return say("Taken back: your topic {topic:quoted} no longer goes by these papers.", **told)


def _moved(effect: Effect, language: Language) -> str:
    """Return how many papers moved. Not which: whoever has the mail can open it, and the topic is the reader's."""
    changed = (
        (noted("{n} comes in", "{n} come in"), effect.entered),
        (noted("{n} goes out", "{n} go out"), effect.left),
        (noted("{n} rises", "{n} rise"), effect.rose),
        (noted("{n} falls", "{n} fall"), effect.fell),
    )
    moves = [language.say(*said, n=len(found)) for said, found in changed if found]
    return language.say(
        "Of the {n} paper of the last days {moves}.",
        "Of the {n} papers of the last days {moves}.",
        n=effect.considered,
        moves=words.series(moves, language) or language.say("none moves"),
    )
