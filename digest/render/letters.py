"""The two letters that are no digest: to confirm a subscription, and to open the preferences. Fixed words.

Nothing that was typed into a form stands in them, not even the topics: whoever has them sent to a stranger's address
cannot choose a word of what arrives.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import partial

from digest.model import Post, Site, Value
from digest.render import mime, paths
from digest.render.languages import Language
from digest.render.plates import printed
from digest.render.quoted import unquoted
from digest.render.templates import Templates


class LetterKind(StrEnum):
    """What a letter is for; the slot of its delivery starts with it."""

    CONFIRM = "confirm"
    ACCESS = "access"


class Letter(Value):
    """A letter in both forms."""

    subject: str
    html: str
    text: str
    language: str


class _Words(Value):
    """What a letter says: `ask` and `rest` are paragraphs, `action` is what its link does."""

    subject: str
    lead: str
    ask: str
    action: str
    rest: tuple[str, ...]


def letter(env: Templates, site: Site, kind: str, link: str, language: str | None = None) -> Letter:
    """Return the letter of a LetterKind around its one link, in the site's language or another.

    Raises RenderError for a wrong template.
    """
    env = env.speaking(language or site.language)
    words = (_confirm if LetterKind(kind) is LetterKind.CONFIRM else _access)(site.title, env.language)
    values = {"site": site, "to": partial(paths.absolute, site), "words": words, "link": link}
    html, text = (unquoted(printed(env, f"mail/letter.{form}", **values).encode()) for form in ("html", "txt"))
    return Letter(subject=words.subject, html=html, text=text, language=env.language.tag)


def letter_message(letter: Letter, site: Site, post: Post, *, address: str, date: datetime, message_id: str) -> bytes:
    """Return a letter as it goes over the wire. Raises RenderError for an address that is none."""
    return mime.letter(
        letter.subject,
        letter.text,
        letter.html,
        site,
        post,
        language=letter.language,
        address=address,
        date=date,
        message_id=message_id,
    )


def _confirm(site: str, language: Language) -> _Words:
    say = language.say
    return _Words(
        subject=say("Confirm your subscription to {site}", site=site),
        lead=say("One step is left."),
        ask=say("Somebody, we hope it was you, asked {site} to send papers to this address.", site=site),
        action=say("Confirm the subscription"),
        rest=(
            say("The link opens a page with one button. It works for seven days."),
            say("If it was not you, do nothing: without that button no papers will come."),
        ),
    )


def _access(site: str, language: Language) -> _Words:
    say = language.say
    return _Words(
        subject=say("Your preferences at {site}", site=site),
        lead=say("The link you asked for."),
        ask=say("Somebody, we hope it was you, asked to see or change what {site} sends to this address.", site=site),
        action=say("Open the preferences"),
        rest=(
            say("The link works for one hour, for whoever has it: do not pass it on."),
            say("If it was not you, do nothing: nothing has changed."),
        ),
    )
