"""Pages that know their reader speak the reader's language, all of it; a form's language becomes its reader's."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from digest.app import App
from digest.model import Delivery, DeliveryId, DeliveryState, Digest, DigestId, Layout, TopicId
from digest.render import paths
from digest.tokens import Purpose, sign
from digest.work.messages import PAGE_FOR, Messages
from tests.doors import ADA, SECRET, Clock, fill, letters, link, reader
from tests.languages import MARKED, unmarked, visible
from tests.pages import parsed, part, texts

# What the site of `tests.doors` and the test put in: names, titles, units of our own words for programs.
SLOT = "daily:2026-11-21"
DATA = re.compile(
    r"Digest|The KV cache|Vision|Long context\.|Fresh and trending papers, topic by topic\.|Paper \d|What ⟦?Paper \d|"
    r"says\.|Europe/Berlin|ada@?|example\.org|KV cache|English|[a-z]+\.[A-Z]+|[Mm]atches"
)


def english(page: str) -> list[str]:
    """Return what a page says without a mark; the zones' places are data."""
    bare = re.sub(r'(?s)<select id="zone".*?</select>|<script.*?</script>', "", page)
    return [word for text in visible(bare) for word in unmarked(DATA.sub(" ", text))]


def test_every_door_speaks_the_readers_language(app: App, clock: Clock, web: TestClient) -> None:
    vars(app)["templates"] = MARKED
    pages = [web.get("/subscribe?language=xx"), fill(web, clock, "ada@", topics=(), language="xx")]
    pages.append(fill(web, clock, language="xx"))
    who = reader(app).id
    confirm, leave = link(app, Purpose.CONFIRM, who, days=7), link(app, Purpose.LEAVE, who)
    pages += [web.get(confirm), web.post(confirm), web.post(confirm)]
    mine = link(app, Purpose.PREFERENCES, who, hours=1)
    pages += [web.get(mine), web.post(mine, data={"cadence": "x", "hour": "99", "zone": "x", "layout": "x"})]
    pages += [
        web.post(mine, data={"own": verb, **_own(verb)}) for verb in ("say", "more", "less", "undo", "words", "x")
    ]
    pages += [web.post(mine, data={"feed": "renew"}), web.get(leave), web.post(leave)]
    for page in pages:
        assert 'lang="xx"' in page.text
        assert page.headers["content-language"] == "xx"
        assert english(page.text) == [], page.text
        assert "⟦" in page.text


def _own(verb: str) -> dict[str, str]:
    return {"words": '"KV cache" Paper', "paper": "Paper 1" if verb == "more" else "nobody knows it"}


def test_the_forms_language_is_the_readers_and_the_letter_comes_in_it(app: App, clock: Clock, web: TestClient) -> None:
    page = web.get("/subscribe?language=de")
    assert part(parsed(page.content), ".//input[@name='language']").attrib["value"] == "de"
    fill(web, clock, language="de")
    assert reader(app).language == "de"
    (waiting,) = letters(app)
    raw = Messages(app).of(waiting, reader(app))
    assert b"Content-Language: de" in raw
    assert b"Best=C3=A4tigen" in raw


@pytest.mark.parametrize("asked", ["", "xx", "de'", "../de"])
def test_a_language_that_we_do_not_speak_is_the_sites(app: App, clock: Clock, web: TestClient, asked: str) -> None:
    assert parsed(web.get("/subscribe", params={"language": asked}).content).attrib["lang"] == "en"
    fill(web, clock, language=asked)
    assert reader(app).language == "en"


def test_a_reader_chooses_layout_and_language_and_mails_come_so(app: App, clock: Clock, web: TestClient) -> None:
    fill(web, clock)
    web.post(link(app, Purpose.CONFIRM, reader(app).id, days=7))
    wishes = {"topic": ["kv-cache"], "cadence": "daily", "hour": "7", "zone": "Europe/Berlin"}
    page = web.post(
        link(app, Purpose.PREFERENCES, reader(app).id, hours=1), data={**wishes, "layout": "titles", "language": "de"}
    )
    assert (reader(app).layout, reader(app).language) == (Layout.TITLES, "de")
    assert texts(parsed(page.content), ".//h1") == ["Ihre Einstellungen"]
    raw = Messages(app).of(mailed(app), reader(app))
    assert b"Content-Language: de" in raw
    assert b"What Paper 1 says." not in raw


def mailed(app: App) -> Delivery:
    """Plan a mail to the one reader, in the reader's layout and language."""
    who = reader(app)
    edition = app.store.editions(TopicId("kv-cache"))[0].id
    form = {"language": who.language, "layout": who.layout}
    digest = Digest(id=DigestId("d"), slot=SLOT, edition_ids=(edition,), **form)
    app.store.save_digest(digest)
    delivery = Delivery(
        id=DeliveryId(f"{who.id}/{SLOT}"),
        subscriber_id=who.id,
        slot=SLOT,
        state=DeliveryState.QUEUED,
        due=app.now(),
        digest_id=digest.id,
    )
    app.store.plan_deliveries([delivery])
    return delivery


def test_the_page_of_a_mail_speaks_the_readers_language(app: App, clock: Clock, web: TestClient) -> None:
    vars(app)["templates"] = MARKED
    fill(web, clock, language="xx")
    who = reader(app).id
    web.post(link(app, Purpose.CONFIRM, who, days=7))
    mailed(app)
    ends = app.now() + PAGE_FOR
    path = paths.mailed_path(SLOT, sign(SECRET, Purpose.DIGEST, who, ends=ends, about=SLOT))
    pages = [web.get(path)]
    for liking in ("more", "less", "neither", "x"):
        pages.append(web.post(path, data={"like": liking, "paper": "text:paper-1"}))
    for page in pages:
        assert english(page.text) == [], page.text
        assert parsed(page.content).attrib["lang"] == "xx"


def test_a_form_without_the_new_fields_leaves_them_as_they_are(app: App, clock: Clock, web: TestClient) -> None:
    fill(web, clock, language="de")
    web.post(link(app, Purpose.CONFIRM, reader(app, ADA).id, days=7))
    wishes = {"topic": ["kv-cache"], "cadence": "weekly", "hour": "7", "zone": "Europe/Berlin"}
    web.post(link(app, Purpose.PREFERENCES, reader(app).id, hours=1), data=wishes)
    assert (reader(app).cadence, reader(app).language, reader(app).layout) == ("weekly", "de", "cards")
