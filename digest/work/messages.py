"""The bytes of each mail: a digest is made once and joined with a reader's links, a letter is made for its reader."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from digest.app import App
from digest.model import Delivery, DigestId, Subscriber, SubscriberId
from digest.render import letters, mail, mime, paths
from digest.tokens import Purpose, sign
from digest.work.planning import told_once

CONFIRM_FOR, ACCESS_FOR = timedelta(days=7), timedelta(hours=1)


class Messages:
    """A cache of encoded digests for one round of sending."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._wires: dict[DigestId, mime.Wire] = {}

    def of(self, delivery: Delivery, subscriber: Subscriber) -> bytes:
        """Return the message of a delivery: the same bytes each time. Raises RenderError, NotFoundError."""
        if delivery.digest_id is None:
            return self._letter(delivery, subscriber)
        return mime.message(self._wire(delivery.digest_id), self._envelope(delivery, subscriber))

    def _wire(self, digest_id: DigestId) -> mime.Wire:
        if digest_id not in self._wires:
            app = self._app
            digest = app.store.digest(digest_id)
            sections = told_once(app, [app.store.edition(one) for one in digest.edition_ids])
            core = mail.compose(app.templates, app.site, sections, layout=digest.layout)
            self._wires[digest_id] = mime.encode(core, app.site, sender=app.settings.sender)
        return self._wires[digest_id]

    def _envelope(self, delivery: Delivery, subscriber: Subscriber) -> mail.Envelope:
        app = self._app
        return mail.Envelope(
            address=subscriber.address,
            date=delivery.due,
            message_id=message_id(app, delivery),
            unsubscribe_url=leave_url(app, subscriber.id),
            preferences_url=paths.absolute(app.site, paths.PREFERENCES),
        )

    def _letter(self, delivery: Delivery, subscriber: Subscriber) -> bytes:
        app = self._app
        kind = delivery.slot.partition(":")[0]
        purpose = Purpose.CONFIRM if kind == "confirm" else Purpose.PREFERENCES
        good_for = CONFIRM_FOR if purpose is Purpose.CONFIRM else ACCESS_FOR
        # From when it was asked for, so that a second try has the same bytes.
        token = sign(app.settings.site.secret, purpose, subscriber.id, ends=delivery.due + good_for)
        link = paths.absolute(app.site, f"/{purpose}/{token}")
        return letters.letter_message(
            letters.letter(app.templates, app.site, kind, link),
            app.site,
            address=subscriber.address,
            date=delivery.due,
            message_id=message_id(app, delivery),
            sender=app.settings.sender,
        )


def leave_url(app: App, subscriber: SubscriberId) -> str:
    """Return the address at which a reader leaves, for ever."""
    return paths.absolute(app.site, paths.leave_path(sign(app.settings.site.secret, Purpose.LEAVE, subscriber)))


def message_id(app: App, delivery: Delivery) -> str:
    """Return a delivery's Message-ID: fixed, so that a mail sent twice can be told; it gives nothing away."""
    name = sha256(f"{app.settings.site.secret} {delivery.id}".encode()).hexdigest()[:32]
    return f"<{name}@{app.settings.host}>"
