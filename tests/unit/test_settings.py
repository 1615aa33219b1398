"""Settings from the file and the environment, and every problem told at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from digest.config.loading import load
from digest.config.settings import FILE_NAME, as_toml, declared
from digest.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    path = folder / FILE_NAME
    path.write_text(text, "utf-8")
    return path


def test_without_a_file_the_defaults_hold() -> None:
    settings = load(None, {})
    assert settings.site.title == "Digest"
    assert settings.repeat_horizon is None


def test_the_file_that_init_writes_reads_back_as_the_defaults(tmp_path: Path) -> None:
    path = written(tmp_path, as_toml({}))
    assert load(path, {}) == load(None, {}).__class__(folder=tmp_path)


def test_every_setting_has_a_comment_in_that_file() -> None:
    text = as_toml({})
    for setting in declared():
        assert f"# {setting.comment}\n{setting.name} = " in text


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[site]\ntitle = "File"\n[limits]\nfeed_items = 30\n')
    settings = load(path, {"DIGEST_SITE_TITLE": "Environment", "DIGEST_LIMITS_REPEAT_AFTER": "90d"})
    assert (settings.site.title, settings.limits.feed_items) == ("Environment", 30)
    assert settings.repeat_horizon == timedelta(days=90)


def test_numbers_in_the_environment_are_text_made_numbers() -> None:
    assert load(None, {"DIGEST_LIMITS_FEED_ITEMS": "70", "DIGEST_WEIGHTS_TREND": "0.4"}).weights.trend == 0.4


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hush\n", "utf-8")
    assert load(None, {"DIGEST_SITE_SECRET_FILE": str(tmp_path / "key")}).site.secret == "hush"


def test_foreign_variables_are_not_our_business() -> None:
    assert load(None, {"DIGEST_CHROMIUM": "/usr/bin/chromium", "DIGESTIVE_SITE_TITLE": "x"}).site.title == "Digest"


def test_all_problems_are_told_at_once_with_line_and_way_out(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[site]\ntitel = "x"\nurl = "ftp://x"\nzone = "Europe/Berln"\n\n[scedule]\na = 1\n\n'
        '[weights]\ntrend = "much"\n',
    )
    with pytest.raises(ConfigError) as caught:
        load(path, {"DIGEST_LIMITS_FEED_ITEMS": "0", "DIGEST_SITE_SECRET_FILE": str(tmp_path / "nowhere")})
    lines = caught.value.message.replace(str(path), "digest.toml").splitlines()
    assert lines[0] == "digest.toml, line 2: unknown setting site.titel: did you mean title?"
    assert lines[1] == 'digest.toml, line 3: site.url is "ftp://x": use an address such as "https://papers.example.org"'
    assert lines[2].startswith('digest.toml, line 4: site.zone is "Europe/Berln": use an IANA name')
    assert "digest.toml, line 6: unknown table [scedule]: did you mean [schedule]?" in lines
    assert "digest.toml, line 10: weights.trend is " in "\n".join(lines)
    assert any(line.startswith("DIGEST_LIMITS_FEED_ITEMS: limits.feed_items is ") for line in lines)
    assert any(line.startswith("DIGEST_SITE_SECRET_FILE: the file cannot be read") for line in lines)
    assert caught.value.exit_code == 2


def test_a_secrets_value_is_never_in_a_message(tmp_path: Path) -> None:
    path = written(tmp_path, "[site]\nsecret = 12345\n")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert "12345" not in caught.value.message


@pytest.mark.parametrize("text", ["[site\n", "\x00", '[site]\ntitle = "a"\ntitle = "b"\n'])
def test_a_file_that_is_no_toml_is_one_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="is not TOML"):
        load(written(tmp_path, text), {})


def test_a_missing_or_unreadable_file_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        load(tmp_path / "nowhere.toml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("site.tag", "no date"),
        ("site.language", "english!"),
        ("site.contact", "a b@example.org"),
        ("site.title", "two\\nlines"),
        ("schedule.compose_at", "5 o'clock"),
        ("schedule.release", "never"),
        ("limits.repeat_after", "soon"),
        ("site.url", "https://example.org/?q=1"),
    ],
)
def test_a_wrong_value_names_its_setting(tmp_path: Path, setting: str, value: str) -> None:
    section, name = setting.split(".")
    with pytest.raises(ConfigError, match=setting):
        load(written(tmp_path, f'[{section}]\n{name} = "{value}"\n'), {})
