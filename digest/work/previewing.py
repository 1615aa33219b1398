"""A look ahead, or back: a topic's mail and feeds for a day, without touching store or site.

The same bytes whenever it is asked, as long as the store stays the same: dates come from the edition, never the clock.
"""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path

from digest.app import App
from digest.edition.slots import KIND_OF
from digest.errors import DigestError, NotFoundError
from digest.model import (
    Edition,
    EditionId,
    EditionState,
    Period,
    PeriodKind,
    Subscriber,
    SubscriptionState,
    Topic,
)
from digest.publish.files import Written, write_tree
from digest.render import mail, mime, paths
from digest.tokens import PLACEHOLDER
from digest.work.planning import told_once
from digest.work.publishing import feed_kind, feeds
from digest.work.ranking import draft


def preview(app: App, topic: Topic, day: date | None) -> tuple[Edition, dict[str, bytes]]:
    """Return the edition of `day` (default today) and its files: mail.html, mail.txt, mail.eml and the three feeds.

    A frozen edition is replayed; else it is what would be composed at the day's cut from what is known now.
    """
    edition = edition_of(app, topic, day)
    before = [one for one in app.store.editions(topic.id, state=EditionState.RELEASED) if _older(one, edition)]
    files = mail_files(app, [edition])
    files |= {f"feed.{extension}": body for extension, body in feeds(app, topic, [edition, *before])}
    return edition, files


def preview_for(app: App, subscriber: Subscriber, day: date | None) -> tuple[list[Edition], dict[str, bytes]]:
    """Return the sections a subscriber's digest of `day` would have, and its mail; the links are a placeholder's.

    Raises DigestError when the subscriber has no active topic, or nothing is picked for any.
    """
    active = [one.topic_id for one in app.store.subscriptions(subscriber.id) if one.state is SubscriptionState.ACTIVE]
    kind = KIND_OF[subscriber.cadence]
    topics = [app.store.topic(topic) for topic in active]
    sections = told_once(app, [edition_of(app, topic, day, kind) for topic in topics if kind in topic.periods])
    if not sections:
        raise DigestError(
            "there is nothing to show: no active topic has a pick", hint="`digest subscriber show` says more"
        )
    return sections, mail_files(app, sections, layout=subscriber.layout)


def edition_of(app: App, topic: Topic, day: date | None, kind: PeriodKind | None = None) -> Edition:
    """Return the edition of the period that holds `day`, frozen or as a draft."""
    wanted = day or app.calendar.today(app.now())
    period = Period.containing(kind or feed_kind(topic), wanted)
    try:
        return app.store.edition(EditionId(f"{topic.id}/{period.label}"))
    except NotFoundError:
        return draft(app, topic, period, as_of=app.now())


def mail_files(app: App, editions: list[Edition], *, layout: str = "cards") -> dict[str, bytes]:
    """Return a mail of the editions as HTML, as text and as the whole message, to a reader of no name and no keys."""
    core = mail.compose(app.templates, app.site, editions, layout=layout)
    reader = specimen(app, editions)
    return {
        "mail.html": mail.html_for(core, reader).encode(),
        "mail.txt": mail.text_for(core, reader).encode(),
        "mail.eml": mime.message(mime.encode(core, app.site, sender=app.settings.sender), reader),
    }


def specimen(app: App, sections: list[Edition], *, address: str = "reader@example.org") -> mail.Envelope:
    """Return an envelope for a preview or a test: a reader of no name and no keys."""
    name = sha256(" ".join(edition.id for edition in sections).encode()).hexdigest()[:24]
    return mail.Envelope(
        address=address,
        date=max(edition.dated for edition in sections),
        message_id=f"<preview.{name}@{app.settings.host}>",
        unsubscribe_url=paths.absolute(app.site, paths.leave_path(PLACEHOLDER)),
        preferences_url=paths.absolute(app.site, paths.PREFERENCES),
    )


def write(folder: Path, files: dict[str, bytes]) -> Written:
    """Write a preview's files. Raises PublishError."""
    return write_tree(folder, files)


def _older(one: Edition, than: Edition) -> bool:
    return one.period.kind is than.period.kind and one.period.start < than.period.start
