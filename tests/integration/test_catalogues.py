"""Catalogues as files: the shipped ones, an operator's own, and what programs read of phrases."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from digest.app import App, catalogues, opened, template_sources
from digest.cli.output import print_json
from digest.config.settings import Settings, SiteSettings, StoreSettings
from digest.model import EditionId, Pick, phrase
from tests.factories import NOON, make_edition, make_pick, make_topic

SAID = phrase("{n} upvote", "{n} upvotes", n=41)
FRENCH = 'msgid "Why"\nmsgstr "Pourquoi"\n'


def settings(folder: Path) -> Settings:
    return Settings(site=SiteSettings(templates="own"), store=StoreSettings(url="sqlite://"), folder=folder)


def put(folder: Path, tag: str, text: str) -> None:
    path = folder / "own" / "locales" / tag / "LC_MESSAGES" / "digest.po"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")


def test_an_operators_language_is_added_and_one_of_the_shipped_replaced(tmp_path: Path) -> None:
    put(tmp_path, "fr", FRENCH)
    put(tmp_path, "de", 'msgid "Why"\nmsgstr "Weshalb"\n')
    found = settings(tmp_path)
    assert sorted(catalogues(found)) == ["de", "fr"]
    assert not [name for name in template_sources(found) if name.endswith(".po")]
    with opened(found, now=lambda: NOON) as app:
        assert [app.templates.speaking(tag).language.say("Why") for tag in ("fr", "de", "it")] == [
            "Pourquoi",
            "Weshalb",
            "Why",
        ]


def test_a_frozen_phrase_reads_back_from_the_store_and_so_does_a_text_from_before(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    with opened(settings(tmp_path), now=lambda: NOON) as app:
        kept = make_edition(make_pick(reasons=(SAID, "matches “KV cache”")), health=(SAID,))
        assert stored(app, kept.id, kept) == kept
        old = make_edition(make_pick(), health="1 source was behind", label="2026-11-19")
        assert stored(app, old.id, old) == old


def stored(app: App, name: EditionId, edition: object) -> object:
    app.store.put_topics([make_topic()])
    app.store.save_edition(edition)  # type: ignore[arg-type]
    return app.store.edition(name)


def test_a_phrase_holds_every_kind_of_value() -> None:
    pick = make_pick(reasons=(phrase("{a} {b} {c} {d:quoted}", a=1, b=1.5, c="x", d=("y", "z")),))
    assert msgspec.json.decode(msgspec.json.encode(pick), type=Pick) == pick


def test_programs_read_what_is_said_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(make_pick(reasons=(SAID, "new")))
    print_json({"why": SAID, "plural": 1})
    first, second = capsys.readouterr().out.splitlines()
    assert '"reasons":["41 upvotes","new"]' in first
    assert second == '{"plural":1,"why":"41 upvotes"}'
