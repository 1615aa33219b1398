"""The bytes of each mail: a digest is made once and joined with a reader's links, a letter is made for its reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from threading import Lock

from digest.app import App
from digest.errors import RenderError
from digest.model import Delivery, DeliveryId, DeliveryState, DigestId, Edition, Subscriber, SubscriberId
from digest.render import forms, letters, mail, mime, paths
from digest.render.blocks import Shelf
from digest.render.proof import stands
from digest.tokens import Purpose, sign, subscriber_id
from digest.work.planning import told_once
from digest.work.recent import Recent

CONFIRM_FOR, ACCESS_FOR = timedelta(days=7), timedelta(hours=1)
# For so long a mail's page opens, and can be used to say what to have more and less of.
PAGE_FOR = timedelta(days=60)
WIRES = 200  # digests kept in their bytes, some 60 KB each
# So many digests of a round are held to the rules of mail before their first reader's goes, and of the others each
# so-manieth: a fault is of a template or a kind of text, and looking costs ten times what making does.
HELD = 50
# Whose mail is cut into a form for all others.
_NOBODY = Subscriber(
    id=subscriber_id(b"\0" * 12), address="nobody@example.org", created=datetime(2026, 1, 1, tzinfo=UTC)
)


class Messages:
    """Makes the mails of one round of sending, for any number of threads.

    What it keeps for the next mail is bounded, whatever the round holds.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._shelf, self._recent, self._turn = Shelf(), Recent(app.store), Lock()
        self._wire, self._form = lru_cache(maxsize=WIRES)(self._made), lru_cache(maxsize=WIRES)(self._cut)
        self._cuts, self._faults = 0, dict[tuple[DigestId, str], RenderError]()

    def of(self, delivery: Delivery, subscriber: Subscriber) -> bytes:
        """Return the message of a delivery: the same bytes each time. Raises RenderError, NotFoundError."""
        if delivery.digest_id is None:
            return self._letter(delivery, subscriber)
        with self._turn:
            form = self._form(delivery.digest_id, delivery.slot, delivery.due)
        own = forms.filled_in(form, _own(self._app, delivery, subscriber.id))
        return b"".join((mime.to(subscriber.address), *own))

    def _cut(self, digest_id: DigestId, slot: str, due: datetime) -> forms.Form:
        nobody = Delivery(id=DeliveryId(""), subscriber_id=_NOBODY.id, slot=slot, state=DeliveryState.QUEUED, due=due)
        whole = mime.message(self._wire(digest_id), envelope(self._app, nobody, _NOBODY))
        self._hold(digest_id, slot, whole)
        return forms.form(whole.removeprefix(mime.to(_NOBODY.address)), _own(self._app, nobody, _NOBODY.id))

    def _hold(self, digest_id: DigestId, slot: str, whole: bytes) -> None:
        """Hold a digest to the rules of mail. Raises RenderError for one that breaks any, for each of its readers."""
        if fault := self._faults.get((digest_id, slot)):
            raise fault
        self._cuts += 1
        if self._cuts <= HELD or self._cuts % HELD == 0:
            try:
                stands(whole, slot)
            except RenderError as error:
                self._faults[digest_id, slot] = error
                raise

    def _made(self, digest_id: DigestId) -> mime.Wire:
        digest = self._app.store.digest(digest_id)
        sections = told_once(self._app, [self._recent.edition(one) for one in digest.edition_ids], self._recent)
        core = core_of(self._app, sections, layout=digest.layout, language=digest.language, shelf=self._shelf)
        return wire_of(self._app, core)

    def _letter(self, delivery: Delivery, subscriber: Subscriber) -> bytes:
        app = self._app
        kind = delivery.slot.partition(":")[0]
        purpose = Purpose.CONFIRM if kind == "confirm" else Purpose.PREFERENCES
        good_for = CONFIRM_FOR if purpose is Purpose.CONFIRM else ACCESS_FOR
        # From when it was asked for, so that a second try has the same bytes.
        token = sign(app.settings.site.secret, purpose, subscriber.id, ends=delivery.due + good_for)
        link = paths.absolute(app.site, f"/{purpose}/{token}")
        return letters.letter_message(
            letters.letter(app.templates, app.site, kind, link, subscriber.language),
            app.site,
            app.settings.post,
            address=subscriber.address,
            date=delivery.due,
            message_id=message_id(app, delivery),
        )


def core_of(
    app: App, sections: Sequence[Edition], *, layout: str, language: str, shelf: Shelf | None = None
) -> mail.MailCore:
    """Return the mail of some sections without its reader: for a preview, a test and all who get it, the same."""
    return mail.compose(
        app.templates,
        app.site,
        sections,
        layout=layout,
        language=language,
        pattern=app.settings.mail.subject,
        shelf=shelf,
    )


def wire_of(app: App, core: mail.MailCore) -> mime.Wire:
    """Return a mail as it goes over the wire, but for its reader."""
    return mime.encode(core, app.site, app.settings.post)


def envelope(app: App, delivery: Delivery, subscriber: Subscriber) -> mail.Envelope:
    """Return what is the reader's own in a delivery's mail."""
    post = app.settings.post
    leave, page = _leave(app, subscriber.id), _page(app, delivery, subscriber.id)
    return mail.Envelope(
        address=subscriber.address,
        date=delivery.due,
        message_id=message_id(app, delivery),
        unsubscribe_url=paths.absolute(app.site, paths.leave_path(leave)),
        preferences_url=paths.absolute(app.site, paths.PREFERENCES),
        digest_url=paths.absolute(app.site, paths.mailed_path(delivery.slot, page)),
        leave_to=marked(post.returns, leave) if post.returns else None,
        feedback=return_token(app, subscriber.id) if post.complaints else None,
    )


def _own(app: App, delivery: Delivery, subscriber: SubscriberId) -> list[bytes]:
    """Return what an envelope has that another reader's has not, but for the address."""
    own = [envelope_id(app, delivery), _leave(app, subscriber), _page(app, delivery, subscriber)]
    if app.settings.smtp.complaints:
        own.append(return_token(app, subscriber))
    return [one.encode() for one in own]


def _leave(app: App, subscriber: SubscriberId) -> str:
    return sign(app.settings.site.secret, Purpose.LEAVE, subscriber)


def _page(app: App, delivery: Delivery, subscriber: SubscriberId) -> str:
    ends = delivery.due + PAGE_FOR
    return sign(app.settings.site.secret, Purpose.DIGEST, subscriber, ends=ends, about=delivery.slot)


def return_path(app: App, subscriber: SubscriberId) -> str:
    """Return the envelope's sender: where a mail that cannot be delivered comes back to, and says for whom it was."""
    post = app.settings.post
    return marked(post.returns, return_token(app, subscriber)) if post.returns else post.sender


def return_token(app: App, subscriber: SubscriberId) -> str:
    """Return what names a reader in reports that come back to us: nobody else can make it, and it opens nothing."""
    return sign(app.settings.site.secret, Purpose.RETURN, subscriber)


def marked(address: str, token: str) -> str:
    """Return an address with a token as its detail (RFC 5233): bounce+TOKEN@example.org."""
    name, _, domain = address.rpartition("@")
    return f"{name}+{token}@{domain}"


def leave_url(app: App, subscriber: SubscriberId) -> str:
    """Return the address at which a reader leaves, for ever."""
    return paths.absolute(app.site, paths.leave_path(_leave(app, subscriber)))


def message_id(app: App, delivery: Delivery) -> str:
    """Return a delivery's Message-ID: fixed, so that a mail sent twice can be told; it gives nothing away."""
    return f"<{envelope_id(app, delivery)}@{app.settings.host}>"


def envelope_id(app: App, delivery: Delivery) -> str:
    """Return a delivery's name outside of our books, also in a relay's reports (ENVID, RFC 3461, 4.4)."""
    return sha256(f"{app.settings.site.secret} {delivery.id}".encode()).hexdigest()[:32]
