"""What a stranger who knows HTTP says of us: REDbot (redbot.org), where DIGEST_REDBOT names its program."""

from __future__ import annotations

import asyncio
import json
import os

from digest.app import system_clock
from digest.web.server import Server, Web, address_of, config_of, listening
from digest.web.wire import Lobby
from tests.doors import site

REDBOT = os.environ.get("DIGEST_REDBOT")
PATHS = (
    *(f"/topics/kv-cache/feed.{extension}" for extension in ("rss", "atom", "json")),
    *("/feed.atom", "/rising/feed.json", "/", "/topics/kv-cache/2026-11-20/", "/feeds.opml", "/style.css"),
    *("/search/feed.rss?q=paper", "/search?q=paper", "/sources/", "/papers/text/paper-1/"),
)

if REDBOT:

    def test_redbot_has_nothing_bad_to_say_and_warns_of_nothing() -> None:
        said = asyncio.run(notes(str(REDBOT)))
        assert set(said) == set(PATHS)
        assert all(len(levels) > 8 for levels in said.values())
        assert {path: told for path, levels in said.items() if (told := faults(levels))} == {}


def faults(notes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(level, summary) for level, summary in notes if level in {"BAD", "WARN"}]


async def notes(redbot: str) -> dict[str, list[tuple[str, str]]]:
    """Serve a site, and return what REDbot notes of each path: level and summary."""
    with site() as (app, clock), listening("127.0.0.1", 0) as ours:
        clock.instant = system_clock()
        web = Web(app)
        web.refresh()
        server = Server(config_of(web, Lobby(web.front)))
        serving = asyncio.create_task(server.serve(sockets=[ours]))
        home = address_of(ours)
        said = {path: await notes_of(redbot, home + path) for path in PATHS}
        server.should_exit = True
        await serving
    return said


async def notes_of(redbot: str, address: str) -> list[tuple[str, str]]:
    pipe = asyncio.subprocess.PIPE
    asked = await asyncio.create_subprocess_exec(redbot, "-o", "har", address, stdout=pipe, stderr=pipe)
    out, _ = await asked.communicate()
    (entry,) = json.loads(out)["log"]["entries"]
    return [(note["level"], note["summary"]) for note in entry["_red_messages"]]
