"""A reader's own topic among the preferences: what its form asks for, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from starlette.datastructures import FormData

from digest.app import App
from digest.errors import DigestError
from digest.model import Paper, Phrase, SubscriberId, Value, phrase
from digest.rank.effect import Move
from digest.render.languages import ENGLISH, Language, noted
from digest.render.views import REASON, TITLE, line
from digest.web import forms
from digest.work import personal
from digest.work.personal import PAPERS, Own, Step
from digest.work.phrases import LONGEST_LINE, line_of, phrases
from digest.work.ranking import find_paper
from digest.work.wishes import RefusedError

# The button's name: a form without it is another one.
BUTTON = "own"
FIELDS = ("words", "authors", "categories", "paper")
_TOLD = {noted("there is nothing to undo")[0], noted("no mail comes to you now")[0]}
# Of a large effect the beginning is told.
_SHOWN = 12


class MoveView(Value):
    """A paper that moved: its title, where it stood and stands in words, and why."""

    title: str
    places: str
    why: str


class OwnView(Value):
    """The own topic as its form shows it: `given` are the fields, `moved` what the last step did, None without one."""

    given: Mapping[str, str]
    more: tuple[str, ...]
    less: tuple[str, ...]
    empty: bool
    undoable: bool
    moved: tuple[MoveView, ...] | None
    unmoved: int
    considered: int
    dropped: bool
    most: int = PAPERS
    longest: int = LONGEST_LINE


def asked(form: FormData) -> bool:
    """Say whether a form is about the own topic."""
    return BUTTON in form


def take(app: App, reader: SubscriberId, form: FormData) -> Step:
    """Do what a reader's form asks for. Raises RefusedError, NotFoundError."""
    verbs: dict[str, Callable[[], Step]] = {
        "say": lambda: personal.say(app, reader, phrases(*_lines(form)), by_link=True),
        "more": lambda: personal.more_like(app, reader, _paper(app, form).id, by_link=True),
        "less": lambda: personal.less_like(app, reader, _paper(app, form).id, by_link=True),
        "undo": lambda: personal.undo(app, reader),
        "words": lambda: personal.reset(app, reader, words=True, by_link=True),
        "nothing": lambda: personal.reset(app, reader, words=False, by_link=True),
    }
    verb = verbs.get(forms.text(form, BUTTON))
    if verb is None:
        raise RefusedError({"own": phrase("the form asks for nothing that can be done")})
    try:
        return verb()
    except RefusedError:
        raise
    except DigestError as error:
        raise RefusedError({"own": told(error)}) from error


def told(error: DigestError) -> Phrase | str:
    """Return what is said to a reader of a step that failed, in any language if that may well happen."""
    return Phrase(message=error.message) if error.message in _TOLD else error.message


def view(found: Own, step: Step | None = None, typed: FormData | None = None, language: Language = ENGLISH) -> OwnView:
    """Return the topic as it is shown, with what was `typed` if that could not be taken."""
    topic = found.topic
    held = {
        "words": line_of(topic),
        "authors": ", ".join(topic.authors),
        "categories": " ".join(topic.categories),
        "paper": "",
    }
    given = {name: forms.text(typed, name)[:LONGEST_LINE] for name in FIELDS} if typed else held
    moves = step.effect.moves if step else ()
    return OwnView(
        given={name: line(text, LONGEST_LINE) for name, text in given.items()},
        more=_titles(found.more),
        less=_titles(found.less),
        empty=found.empty,
        undoable=found.undoable,
        moved=tuple(_move(one, language) for one in moves[:_SHOWN]) if step else None,
        unmoved=max(0, len(moves) - _SHOWN),
        considered=step.effect.considered if step else 0,
        dropped=bool(step and step.dropped),
    )


def _lines(form: FormData) -> tuple[str, str, str]:
    return forms.text(form, "words"), forms.text(form, "authors"), forms.text(form, "categories")


def _paper(app: App, form: FormData) -> Paper:
    wanted = forms.text(form, "paper").strip()
    if not wanted:
        raise RefusedError({"paper": phrase("name a paper: its arXiv id, DOI or address, or words of its title")})
    try:
        return find_paper(app, wanted[:LONGEST_LINE])
    except DigestError as error:
        raise RefusedError(
            {"paper": phrase("we know no such paper, or several: give its arXiv id, DOI or address")}
        ) from error


def _titles(papers: Iterable[Paper]) -> tuple[str, ...]:
    return tuple(line(paper.title, TITLE) for paper in papers)


def _move(move: Move, language: Language) -> MoveView:
    match move.before, move.after:
        case None, int(after):
            places = language.say("comes in at {place}", place=after)
        case int(before), None:
            places = language.say("goes out, was {place}", place=before)
        case before, after:
            places = language.say("from {before} to {after}", before=before or 0, after=after or 0)
    return MoveView(title=line(move.title, TITLE), places=places, why=line(language.of(move.why), REASON))
