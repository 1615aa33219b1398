"""The mail: one edition or several, rendered once and shared by all readers whose digest is the same.

For one more reader nothing is rendered and nothing is searched: `mime` joins an address into each slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from html import escape
from typing import Any

from jinja2 import Environment

from digest.errors import RenderError
from digest.model import Edition, Site, TopicId, Value
from digest.render import paths, words
from digest.render.press import LAYOUTS, Pieces, Press, Shelf, Slot, print_edition
from digest.render.views import EditionView, Link
from digest.text import shorten

SECTIONS = 30
TOPICS_NAMED = 4
SUBJECT = 78  # characters, RFC 5322, 2.1.1


class MailCore(Value):
    """A mail without its reader: `html` and `text` are texts with slots between them.

    `name` says what the mail is about; `topic` is set if that is one public topic alone, `page` then is the address of
    the edition. `archive` is the address of what came before.
    """

    subject: str
    html: Pieces
    text: Pieces
    language: str
    name: str
    archive: str
    topic: TopicId | None = None
    page: str | None = None


class Envelope(Value):
    """What differs from reader to reader. `date` is the slot's and aware; `message_id` has its angle brackets."""

    address: str
    date: datetime
    message_id: str
    unsubscribe_url: str
    preferences_url: str

    def link(self, slot: Slot) -> str:
        """Return the address that goes into a slot."""
        return self.unsubscribe_url if slot is Slot.UNSUBSCRIBE else self.preferences_url


def compose(
    env: Environment, site: Site, editions: Sequence[Edition], *, layout: str = "cards", shelf: Shelf | None = None
) -> MailCore:
    """Return the mail of one edition, or a digest with a section for each of several.

    Its HTML is at most HTML_LIMIT bytes: of each section as many papers as fit, best first, and a line that says how
    many more there are. A run that makes many digests of released editions passes one `shelf` to all of them, and
    each edition is printed once. Raises RenderError for an unknown layout, for no editions, for a wrong template.
    """
    if layout not in LAYOUTS:
        raise RenderError(f"no mail layout is called {layout!r}", hint=f"choose one of: {', '.join(LAYOUTS)}")
    if not editions:
        raise RenderError("a mail needs an edition, and there is none")
    shelf = {} if shelf is None else shelf
    printed = [print_edition(env, edition, layout, shelf) for edition in editions]
    views = [edition.view for edition in printed]
    html, text = Press(env, printed[:SECTIONS], _values(site, views)).fitting()
    return MailCore(subject=subject(views), html=html, text=text, language=site.language, **_place(site, editions))


def subject(views: Sequence[EditionView]) -> str:
    """Return the first pick's title and how many more there are, behind the topic's name if it is about one."""
    titles = [paper.title for view in views for paper in view.papers]
    about = f"{shorten(views[0].topic, 30)}: " if len(views) == 1 else ""
    if not titles:
        return f"{about}nothing new" if about else "Nothing new"
    more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
    return f"{about}{shorten(titles[0], SUBJECT - len(about) - len(more))}{more}"


def lead(views: Sequence[EditionView]) -> str:
    """Return the sentence that an inbox shows behind the subject: what is inside."""
    if len(views) == 1:
        return views[0].lead
    papers = words.count(sum(len(view.papers) for view in views), "paper")
    return f"{papers} on {len(views)} topics: {_topics(views)}."


def html_for(core: MailCore, envelope: Envelope) -> str:
    """Return the HTML that a reader gets."""
    return "".join(escape(envelope.link(piece)) if isinstance(piece, Slot) else piece for piece in core.html)


def text_for(core: MailCore, envelope: Envelope) -> str:
    """Return the plain text that a reader gets."""
    return "".join(envelope.link(piece) if isinstance(piece, Slot) else piece for piece in core.text)


def _place(site: Site, editions: Sequence[Edition]) -> dict[str, Any]:
    """Return where a mail belongs: to a topic's page if it is about a public one alone, else to the site."""
    topic = editions[0].topic
    if len(editions) > 1 or topic.owner is not None:
        return {"name": site.title, "archive": paths.absolute(site, "/")}
    archive, page = paths.topic_path(topic.id), paths.edition_path(editions[0])
    return {
        "name": topic.name,
        "topic": topic.id,
        "archive": paths.absolute(site, archive),
        "page": paths.absolute(site, page),
    }


def _values(site: Site, views: Sequence[EditionView]) -> dict[str, Any]:
    """Return what a mail's templates show beside its editions."""
    return {
        "site": site,
        "to": partial(paths.absolute, site),
        "subject": subject(views),
        "lead": lead(views),
        "topics": _topics(views),
        "links": _web_links(views),
        "left_out": len(views[SECTIONS:]),
    }


def _topics(views: Sequence[EditionView]) -> str:
    return words.series(words.cut([view.topic for view in views], TOPICS_NAMED))


def _web_links(views: Sequence[EditionView]) -> tuple[Link, ...]:
    """Return where a mail about one public topic can be read and followed elsewhere."""
    if len(views) > 1 or not views[0].path:
        return ()
    return (Link(label="On the web", target=views[0].path), *views[0].feeds)
