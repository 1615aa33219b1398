"""`digest send --test`: the latest editions to one address, with no trace in the books."""

from __future__ import annotations

from digest.app import App
from digest.edition import share
from digest.errors import DigestError
from digest.model import Edition, EditionState
from digest.publish.connection import Connection
from digest.render import mime
from digest.render.proof import stands
from digest.work.messages import core_of, wire_of
from digest.work.previewing import specimen
from digest.work.proving import proven
from digest.work.sending import relay_for


async def send_test(app: App, address: str) -> str:
    """Send a specimen and return the relay's answer. It is held to what a real mail is.

    Raises DigestError when there is nothing to show or no relay, RenderError when it breaks a rule.
    """
    sections = [edition for edition in share(_latest(app), {}) if edition.picks]
    if not sections:
        raise DigestError("there is no edition with a pick to show", hint="`digest compose` makes them")
    core = core_of(app, sections, layout=app.settings.mail.layout, language=app.site.language)
    text = mime.message(wire_of(app, core), specimen(app, sections, address=address))
    proven(app)
    stands(text, "test")
    connection = Connection(relay_for(app))
    try:
        found = await connection.send(app.settings.sender, address, text)
    finally:
        await connection.close()
    return found.reply if found else "not sent"


def _latest(app: App) -> list[Edition]:
    return [
        edition
        for topic in app.store.topics()
        if topic.enabled
        for edition in app.store.editions(topic.id, kind=topic.shortest, state=EditionState.RELEASED, limit=1)
    ]
