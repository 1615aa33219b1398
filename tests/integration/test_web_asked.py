"""What is rendered when somebody asks: papers, sources, searches, and a reader's own feed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from digest.app import App
from digest.model import Search
from digest.render.paths import FEED_FORMATS
from digest.tokens import Purpose
from digest.web import asked
from digest.work import feeds, looking
from tests.doors import URL, Clock, client, confirmed, crowd, link, reader, site
from tests.factories import make_paper
from tests.pages import links, parsed


@pytest.fixture
def place() -> Iterator[tuple[App, Clock]]:
    with site(trusted_proxies=1) as found:
        found[0].store.save_papers([make_paper("Paged attention"), make_paper("Flash attention")])
        yield found


# Searches and pages


@pytest.mark.parametrize("extension", FEED_FORMATS)
def test_a_search_is_a_feed(web: TestClient, extension: str) -> None:
    found = web.get(f"/search/feed.{extension}?q=attention")
    assert found.headers["content-type"].startswith(FEED_FORMATS[extension])
    assert found.headers["access-control-allow-origin"] == "*"
    assert ("Paged attention" in found.text, "Flash attention" in found.text) == (True, True)
    tag = found.headers["etag"]
    assert web.get(f"/search/feed.{extension}?q=attention", headers={"if-none-match": tag}).status_code == 304


def test_what_was_rendered_a_moment_ago_is_not_rendered_again(
    app: App, clock: Clock, web: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    find = feeds.search_document

    def spy(app: App, search: Search) -> feeds.Document:
        made.append(search.words)
        return find(app, search)

    monkeypatch.setattr(feeds, "search_document", spy)
    for _ in range(3):
        web.get("/search/feed.rss?q=attention")
    assert made == ["attention"]
    clock.turn(seconds=60)
    web.get("/search/feed.rss?q=attention")
    web.get("/search/feed.rss?q=flash")
    assert made == ["attention", "attention", "flash"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/search", 200),
        ("/search?q=attention", 200),
        ("/search?q=%ff%00%f0", 200),
        ("/search?q=" + "a" * 900, 200),
        ("/search?q=" + "a" * 1000, 414),
        ("/search/feed.rss?q=" + "a" * 1000, 414),
        ("/search/feed.exe?q=a", 404),
        ("/search?q=attention&page=x", 404),
        ("/search/", 404),
        ("/sources/", 200),
        ("/sources", 308),
        ("/sources/page/9/", 404),
        ("/papers/text/paged-attention/", 200),
        ("/papers/text/paged-attention", 308),
        ("/papers/text/paged-attention/cite.bib", 200),
        ("/papers/text/nothing/", 404),
        ("/papers/", 404),
    ],
)
def test_each_address_is_there_or_not(web: TestClient, path: str, status: int) -> None:
    assert web.get(path).status_code == status


def test_they_are_only_read(web: TestClient) -> None:
    for path in ("/search", "/search/feed.rss", "/papers/text/paged-attention/", "/sources/", "/my/x/feed.rss"):
        found = web.post(path)
        assert (found.status_code, found.headers["allow"]) == (405, "GET, HEAD")


def test_one_place_cannot_search_without_end(web: TestClient) -> None:
    one = {"x-forwarded-for": "203.0.113.9"}
    codes = [web.get(f"/search?q=word{number}", headers=one).status_code for number in range(asked.FROM_ONE + 5)]
    assert codes == [200] * asked.FROM_ONE + [429] * 5
    assert int(web.get("/search?q=more", headers=one).headers["retry-after"]) == 1
    assert web.get("/search?q=more", headers={"x-forwarded-for": "203.0.113.10"}).status_code == 200


def test_all_places_together_cannot_search_without_end(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "live", lambda *_: b"a page")
    with crowd(app) as web:
        codes = [web.get(f"/search?q=word{number}").status_code for number in range(asked.FROM_ALL + 50)]
    assert codes[: asked.FROM_ALL] == [200] * asked.FROM_ALL
    assert 429 in codes


def test_searches_that_are_slow_keep_nobody_from_what_is_published(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are under way, others wait, and more than thirty are told to come back."""
    free = threading.Event()
    monkeypatch.setattr(looking, "live", lambda *_: (free.wait(20), b"late")[1])

    async def run() -> tuple[list[int], int, list[int]]:
        import httpx2

        from digest.web import create_app
        from tests.doors import URL

        transport = httpx2.ASGITransport(app=create_app(app))
        async with httpx2.AsyncClient(transport=transport, base_url=URL) as web:
            place = "10.0.0.{}".format
            slow = [
                asyncio.create_task(web.get(f"/search?q=w{n}", headers={"x-forwarded-for": place(n)}))
                for n in range(40)
            ]
            await asyncio.sleep(0.2)
            told = [task.result().status_code for task in slow if task.done()]
            published = (await web.get("/topics/kv-cache/feed.rss")).status_code
            free.set()
            return told, published, [one.status_code for one in await asyncio.gather(*slow)]

    told, published, all_of_them = asyncio.run(run())
    assert (told, published) == ([503] * 10, 200)
    assert all_of_them.count(200) == asked.WAITING


def test_what_is_kept_is_bounded(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "KEPT", 50_000)
    with crowd(app) as web:
        for number in range(60):
            web.get(f"/search?q=word{number}")
        kept = web.app.asked  # type: ignore[attr-defined]
        assert 0 < kept._size <= 50_000
        assert kept._size == sum(one.size for one in kept._kept.values())


# A reader's own feed


@pytest.mark.parametrize("extension", FEED_FORMATS)
def test_a_reader_has_a_feed_that_is_for_nobody_else(app: App, web: TestClient, extension: str) -> None:
    path = f"{feeds.reader_stem(app, confirmed(app))}.{extension}"
    found = web.get(path)
    assert found.headers["content-type"].startswith(FEED_FORMATS[extension])
    assert "Paper 1" in found.text
    assert found.headers["cache-control"].startswith("private, max-age=")
    assert found.headers["cdn-cache-control"] == "no-store"
    assert found.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
    assert found.headers["referrer-policy"] == "no-referrer"
    assert found.headers["cross-origin-resource-policy"] == "same-origin"
    assert not {"access-control-allow-origin", "link", "set-cookie"} & set(found.headers)
    again = web.get(path, headers={"if-none-match": found.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"][:7]) == (304, "private")


def test_an_address_that_was_given_up_opens_nothing_from_that_moment(app: App, web: TestClient) -> None:
    who = confirmed(app)
    old = feeds.reader_stem(app, who)
    assert web.get(f"{old}.atom").status_code == 200
    new = feeds.renew(app, who)
    assert (web.get(f"{old}.atom").status_code, web.get(f"{new}.atom").status_code) == (403, 200)


def test_a_reader_finds_the_address_in_the_preferences_and_gets_another_one_there(app: App, web: TestClient) -> None:
    who = confirmed(app)
    key = link(app, Purpose.PREFERENCES, who, hours=1)
    old = [f"{URL}{feeds.reader_stem(app, who)}.{extension}" for extension in FEED_FORMATS]
    assert set(old) <= set(links(parsed(web.get(key).content)))
    page = web.post(key, data={"feed": "renew"})
    shown = [one for one in links(parsed(page.content)) if "/my/" in one]
    assert (len(shown), set(shown) & set(old)) == (3, set())
    assert "The old one is worth nothing now." in page.text
    assert {web.get(one).status_code for one in shown} == {200}
    assert {web.get(one).status_code for one in old} == {403}


@pytest.mark.parametrize("token", ["x", "A" * 44, "%00", "é" * 44, "../../etc", "A" * 5000])
def test_a_forged_address_opens_nothing_and_is_not_repeated(web: TestClient, token: str) -> None:
    found = web.get(f"/my/{token}/feed.atom")
    assert found.status_code in {403, 404}
    assert len(token) < 4 or token not in found.text


def test_the_log_knows_nobodys_feed_and_no_search(app: App) -> None:
    path = f"{feeds.reader_stem(app, confirmed(app))}.atom"
    with capture_logs() as log, client(app) as web:
        web.get(path)
        web.get("/search?q=embarrassing")
        web.get("/search/feed.rss?q=embarrassing")
    lines = [one["path"] for one in log if one["event"] == "request"]
    assert lines == ["/my/{token}/feed.{extension}", "other", "/search/feed.{extension}"]
    assert "embarrassing" not in str(log)
    assert path.split("/")[2] not in str(log)


def test_readers_of_one_service_do_not_share_a_ration(app: App, clock: Clock, web: TestClient) -> None:
    stems = []
    for number in range(30):
        address = f"reader{number}@example.org"
        confirmed(app, address=address)
        stems.append(feeds.reader_stem(app, reader(app, address).id))
    service = {"x-forwarded-for": "203.0.113.9"}
    codes = []
    for _ in range(2):
        codes += [web.get(f"{stem}.atom", headers=service).status_code for stem in stems]
        clock.turn(minutes=2)
    assert codes == [200] * 60
    again = []
    for _ in range(60):
        clock.turn(minutes=2)
        again.append(web.get(f"{stems[0]}.atom", headers=service).status_code)
    assert 429 in again
