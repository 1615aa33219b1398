"""The own topic among the preferences: a reader steers it and sees what that does; nobody else ever sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from digest.app import App
from digest.model import SubscriberId
from digest.tokens import Purpose
from digest.work.personal import PAPERS, own, own_id
from tests.doors import confirmed, link, reader, site, states
from tests.factories import make_paper

HOSTILE = '"><script>alert(1)</script>\u202e'


@pytest.fixture
def app() -> Iterator[App]:
    with site() as (found, _):
        found.store.save_papers([make_paper("Bees and honey"), make_paper("Songs of whales")])
        confirmed(found, "vision")
        yield found


@pytest.fixture
def ada(app: App) -> SubscriberId:
    return reader(app).id


@pytest.fixture
def page(app: App, ada: SubscriberId) -> str:
    return link(app, Purpose.PREFERENCES, ada, hours=1)


def test_words_are_taken_and_their_effect_is_shown(web: TestClient, app: App, ada: SubscriberId, page: str) -> None:
    answer = web.post(page, data={"own": "say", "words": '"bees" -wasps'})
    assert answer.status_code == 200
    assert "Bees and honey: comes in at 1 (holds “bees”)" in answer.text
    assert own(app, ada).topic.should == ("bees",)
    assert states(app)[own_id(ada)] == "active"
    shown = web.get(page).text
    assert 'value="bees -wasps"' in shown
    assert "comes in" not in shown
    assert f'value="{own_id(ada)}" checked' in shown


def test_a_paper_is_wanted_unwanted_taken_back_and_forgotten(
    web: TestClient, app: App, ada: SubscriberId, page: str
) -> None:
    def papers() -> tuple[int, int]:
        return len(own(app, ada).more), len(own(app, ada).less)

    web.post(page, data={"own": "more", "paper": "Bees and honey"})
    web.post(page, data={"own": "less", "paper": "Songs of whales"})
    assert papers() == (1, 1)
    web.post(page, data={"own": "undo"})
    assert papers() == (1, 0)
    web.post(page, data={"own": "say", "words": "bees"})
    web.post(page, data={"own": "words"})
    assert papers() == (0, 0)
    assert own(app, ada).topic.should == ("bees",)
    web.post(page, data={"own": "nothing"})
    assert own(app, ada).empty


def test_looking_changes_nothing(web: TestClient, app: App, ada: SubscriberId, page: str) -> None:
    for _ in range(2):
        web.get(page, params={"own": "say", "words": "bees"})
    assert own(app, ada).empty


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("words", {"own": "say", "words": "the of"}),
        ("words", {"own": "say", "words": ""}),
        ("categories", {"own": "say", "words": "bees", "categories": HOSTILE}),
        ("paper", {"own": "more", "paper": "no such paper"}),
        ("paper", {"own": "less", "paper": ""}),
        ("own", {"own": "undo"}),
        ("own", {"own": "fly"}),
    ],
)
def test_what_cannot_be_done_is_said_at_its_field(
    web: TestClient, app: App, ada: SubscriberId, page: str, field: str, given: dict[str, str]
) -> None:
    answer = web.post(page, data=given)
    assert answer.status_code == 400
    assert f'<a href="#{field}">' in answer.text
    assert "<script>" not in answer.text
    assert own(app, ada).empty


def test_what_was_typed_stays_when_it_could_not_be_taken(web: TestClient, page: str) -> None:
    answer = web.post(page, data={"own": "say", "words": "bees -bees", "authors": "Ana Ruiz"})
    assert 'value="bees -bees"' in answer.text
    assert 'value="Ana Ruiz"' in answer.text


def test_hostile_words_are_inert(web: TestClient, app: App, ada: SubscriberId, page: str) -> None:
    answer = web.post(page, data={"own": "say", "words": f"bees {HOSTILE}"})
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert "\u202e" not in answer.text


def test_another_sites_page_changes_nothing(web: TestClient, app: App, ada: SubscriberId, page: str) -> None:
    answer = web.post(page, data={"own": "say", "words": "bees"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert own(app, ada).empty


def test_another_purposes_link_is_no_way_in(web: TestClient, app: App, ada: SubscriberId) -> None:
    token = link(app, Purpose.LEAVE, ada).rpartition("/")[2]
    assert web.post(f"/preferences/{token}", data={"own": "say", "words": "bees"}).status_code >= 400
    assert own(app, ada).empty


def test_the_other_form_leaves_the_own_topic_alone(web: TestClient, app: App, ada: SubscriberId, page: str) -> None:
    web.post(page, data={"own": "say", "words": "bees"})
    usual = {"cadence": "weekly", "hour": "9", "zone": "UTC"}
    assert "Saved." in web.post(page, data={**usual, "topic": [own_id(ada)]}).text
    assert states(app) == {"vision": "ended", own_id(ada): "active"}
    assert own(app, ada).topic.should == ("bees",)


def test_the_page_names_its_bound(web: TestClient, page: str) -> None:
    assert re.search(rf"newest {PAPERS} of each kind", web.get(page).text)
