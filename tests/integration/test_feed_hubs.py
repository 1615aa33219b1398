"""WebSub hubs are told what changed, whatever happens to them; of personal topics they are told nothing.

What the specification asks of a publisher (https://www.w3.org/TR/websub/, sections 4 and 6) is asked of our feeds by a
hub that does what hubs do: it takes the ping, reads the address, and looks there for itself and for the address.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from urllib.parse import parse_qs

import pytest
from lxml import etree
from msgspec.structs import replace

from digest.app import App
from digest.errors import FetchError
from digest.fetch import Request, Response
from digest.model import SubscriberId
from digest.publish.hubs import FORM, TRIES, pause
from digest.store import Store, open_store
from digest.work import feeds
from digest.work.hubs import SETTLED, tell_hubs
from tests.factories import NOON, Clock, make_topic
from tests.feeds import HUB, app_with, release, with_source
from tests.hosts import answer, host

pytestmark = pytest.mark.anyio
DAY = date(2026, 11, 19)


class Hub:
    """A hub that keeps what it was told, by address, and answers with a status or not at all."""

    def __init__(self, app: App) -> None:
        self.app, self.status, self.told = app, 204, list[str]()

    async def get(self, request: Request) -> Response:
        if not self.status:
            raise FetchError("no connection")
        assert request.url == HUB
        assert dict(request.headers)["Content-Type"] == FORM
        assert request.body is not None
        form = parse_qs(request.body.decode(), strict_parsing=True)
        assert form.keys() == {"hub.mode", "hub.url"}
        assert form["hub.mode"] == ["publish"]
        (address,) = form["hub.url"]
        if self.status < 300:
            self.told.append(address.removeprefix("https://digest.example"))
        return Response(url=request.url, status=self.status)


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(open_store("sqlite://")) as opened:
        opened.put_topics([make_topic()])
        release(with_source(opened), "A", day=DAY)
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def app(store: Store, clock: Clock) -> App:
    return app_with(store, now=clock)


@pytest.fixture
def hub(app: App) -> Hub:
    return Hub(app)


CHANGED = [
    f"{stem}.{extension}" for stem in ("/feed", "/topics/kv-cache/feed") for extension in ("rss", "atom", "json")
]


async def test_a_hub_is_told_each_address_of_each_feed_that_changed(app: App, hub: Hub) -> None:
    (report,) = await tell_hubs(app, client=hub)
    assert hub.told == CHANGED
    assert (report.told, report.error) == (2, None)


async def test_a_hub_is_told_once(app: App, hub: Hub) -> None:
    await tell_hubs(app, client=hub)
    assert await tell_hubs(app, client=hub) == []
    assert len(hub.told) == 6


async def test_a_hub_hears_of_the_next_edition_and_of_no_feed_that_did_not_change(app: App, hub: Hub) -> None:
    app.store.put_topics([make_topic("other")])
    await tell_hubs(app, client=hub)
    hub.told.clear()
    release(app.store, "B", day=DAY, topic=make_topic("other"))
    await tell_hubs(app, client=hub)
    assert hub.told == [path.replace("kv-cache", "other") for path in CHANGED]


async def test_what_has_just_changed_is_told_when_it_is_served(app: App, hub: Hub, clock: Clock) -> None:
    changed = app.store.feeds()["all"].changed
    assert changed is not None
    clock.instant = changed + SETTLED / 2
    assert await tell_hubs(app, client=hub) == []
    clock.instant = changed + SETTLED
    assert len(await tell_hubs(app, client=hub)) == 1


@pytest.mark.parametrize("status", [0, 404, 429, 503])
async def test_a_hub_that_fails_is_told_later_and_ever_less_often(
    app: App, hub: Hub, clock: Clock, status: int
) -> None:
    hub.status = status
    (report,) = await tell_hubs(app, client=hub)
    assert (report.told, report.waiting) == (0, 2)
    assert await tell_hubs(app, client=hub) == []
    clock.instant += timedelta(minutes=1)
    assert len(await tell_hubs(app, client=hub)) == 1
    clock.instant += timedelta(minutes=1)
    assert await tell_hubs(app, client=hub) == []
    clock.instant += timedelta(minutes=1)
    hub.status = 202
    await tell_hubs(app, client=hub)
    assert hub.told == CHANGED


async def test_a_hub_that_stays_away_is_left_alone_until_something_changes(app: App, hub: Hub, clock: Clock) -> None:
    hub.status = 500
    for tries in range(1, TRIES + 1):
        assert len(await tell_hubs(app, client=hub)) == 1
        clock.instant += pause(tries) or timedelta(0)
    clock.instant += timedelta(days=3)
    assert await tell_hubs(app, client=hub) == []
    release(app.store, "B", day=DAY + timedelta(days=1))
    hub.status = 200
    clock.instant += timedelta(days=3)
    await tell_hubs(app, client=hub)
    assert hub.told == CHANGED


async def test_one_hub_that_fails_keeps_no_other_waiting(app: App, hub: Hub) -> None:
    other = "https://other.example/"
    both = replace(app.settings, web=replace(app.settings.web, hubs=f"{other} {HUB}"))

    class Both:
        async def get(self, request: Request) -> Response:
            if request.url == other:
                raise FetchError("no connection")
            return await hub.get(request)

    reports = await tell_hubs(App(settings=both, store=app.store, now=app.now), client=Both())
    assert [report.error for report in reports] == ["no connection", None]
    assert hub.told == CHANGED


async def test_a_hub_never_hears_of_a_personal_topic(app: App, hub: Hub) -> None:
    own = make_topic("own-walrus", owner=SubscriberId("r" * 16))
    release(app.store, "Walrus", day=DAY, topic=own)
    await tell_hubs(app, client=hub)
    assert hub.told == CHANGED


async def test_a_site_without_hubs_tells_nobody(app: App, hub: Hub) -> None:
    alone = replace(app.settings, web=replace(app.settings.web, hubs=""))
    assert await tell_hubs(App(settings=alone, store=app.store, now=app.now), client=hub) == []


async def test_what_a_hub_is_told_of_names_that_hub_and_that_very_address(app: App, hub: Hub) -> None:
    await tell_hubs(app, client=hub)
    made = {
        path: body
        for channel in feeds.channels(app)
        for document in feeds.documents(app, channel)
        for path, body in feeds.files(document)
    }
    for path in hub.told:
        if not path.endswith("json"):
            links = etree.fromstring(made[path]).iter("{http://www.w3.org/2005/Atom}link")
            found = {(link.get("rel"), link.get("href")) for link in links}
            assert {("hub", HUB), ("self", f"https://digest.example{path}")} <= found


async def test_a_hub_on_a_private_network_is_told_over_http(app: App) -> None:
    with host({"/hub": answer(status="204 No Content")}) as here:
        own = replace(app.settings, web=replace(app.settings.web, hubs=here.url("/hub")))
        (report,) = await tell_hubs(App(settings=own, store=app.store, now=app.now))
        assert (report.told, report.error) == (2, None)
        assert [one.path for one in here.asked] == ["/hub"] * 6
        assert here.asked[0].body == b"hub.mode=publish&hub.url=https%3A%2F%2Fdigest.example%2Ffeed.rss"
        assert here.asked[0].headers["content-type"] == FORM
