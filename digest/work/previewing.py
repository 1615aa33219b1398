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
    CADENCE_OF,
    Edition,
    EditionId,
    Period,
    PeriodKind,
    Subscriber,
    SubscriptionState,
    Topic,
)
from digest.publish.files import Written, write_tree
from digest.render import mail, mime, paths
from digest.render.blocks import HTML_LIMIT
from digest.render.lint import findings
from digest.tokens import PLACEHOLDER
from digest.work import feeds
from digest.work.composing import completed
from digest.work.messages import core_of, marked, wire_of
from digest.work.planning import told_once
from digest.work.ranking import draft
from digest.work.standing import conditions


def preview(
    app: App, topic: Topic, day: date | None, *, layout: str | None = None, language: str | None = None
) -> tuple[Edition, dict[str, bytes]]:
    """Return the edition of `day` (default today) and its files: mail.html, mail.txt, mail.eml and the three feeds.

    A frozen edition is replayed; else it is what would be composed at the day's cut from what is known now.
    """
    edition = edition_of(app, topic, day)
    files = mail_files(app, [edition], layout=layout, language=language)
    bodies = feeds.preview(app, topic, edition).bodies
    files |= {f"feed.{extension}": body for extension, body in bodies.items()}
    return edition, files


def preview_for(
    app: App, subscriber: Subscriber, day: date | None, *, layout: str | None = None, language: str | None = None
) -> tuple[list[Edition], dict[str, bytes]]:
    """Return the sections a subscriber's digest of `day` would have, and its mail; the links are a placeholder's.

    In the subscriber's layout and language, unless others are named.

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
    form = {"layout": layout or subscriber.layout, "language": language or subscriber.language}
    return sections, mail_files(app, sections, **form)


def edition_of(app: App, topic: Topic, day: date | None, kind: PeriodKind | None = None) -> Edition:
    """Return the edition of the period that holds `day`, frozen or as a draft."""
    wanted = day or app.calendar.today(app.now())
    period = Period.containing(kind or topic.shortest, wanted)
    try:
        return app.store.edition(EditionId(f"{topic.id}/{period.label}"))
    except NotFoundError:
        return completed(app, draft(app, topic, period, as_of=app.now()), conditions(app))


def mail_files(
    app: App, editions: list[Edition], *, layout: str | None = None, language: str | None = None
) -> dict[str, bytes]:
    """Return a mail of the editions as HTML, as text and as the whole message, to a reader of no name and no keys."""
    core = core_of(app, editions, layout=layout or app.settings.mail.layout, language=language or app.site.language)
    reader = specimen(app, editions)
    return {
        "mail.html": mail.html_for(core, reader).encode(),
        "mail.txt": mail.text_for(core, reader).encode(),
        "mail.eml": mime.message(wire_of(app, core), reader),
    }


def remarks(app: App, editions: list[Edition], *, layout: str, language: str) -> list[str]:
    """Return what there is to say about a mail: papers that found no room in it, and the rules it breaks."""
    core = core_of(app, editions, layout=layout, language=language)
    room = f"{core.left_out} papers do not fit into {HTML_LIMIT // 1024} KiB of HTML: they are on the web alone"
    broken = findings(mime.message(wire_of(app, core), specimen(app, editions)))
    return [room] * bool(core.left_out) + [f"{one.severity}: {one.rule}: {one.what}" for one in broken]


def specimen(app: App, sections: list[Edition], *, address: str = "reader@example.org") -> mail.Envelope:
    """Return an envelope for a preview or a test: a reader of no name and no keys."""
    name, post = sha256(" ".join(edition.id for edition in sections).encode()).hexdigest()[:24], app.settings.post
    return mail.Envelope(
        address=address,
        date=max(edition.dated for edition in sections),
        message_id=f"<preview.{name}@{app.settings.host}>",
        unsubscribe_url=paths.absolute(app.site, paths.leave_path(PLACEHOLDER)),
        preferences_url=paths.absolute(app.site, paths.PREFERENCES),
        digest_url=paths.absolute(app.site, paths.mailed_path(_slot(sections), PLACEHOLDER)),
        leave_to=marked(post.returns, PLACEHOLDER) if post.returns else None,
        feedback=PLACEHOLDER if post.complaints else None,
    )


def _slot(sections: list[Edition]) -> str:
    latest = max(sections, key=lambda edition: edition.dated)
    return f"{CADENCE_OF[latest.period.kind]}:{latest.dated:%Y-%m-%d}"


def write(folder: Path, files: dict[str, bytes]) -> Written:
    """Write a preview's files. Raises PublishError."""
    return write_tree(folder, files)
