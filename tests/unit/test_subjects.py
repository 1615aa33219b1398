"""A mail's subject: what it says by itself, what a pattern makes of it, and what a pattern may not be."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.config.definitions import read_topics
from digest.config.loading import load
from digest.errors import ConfigError
from digest.model import Edition, Post
from digest.render.languages import ENGLISH, languages_of
from digest.render.mail import compose
from digest.render.mime import encode, message
from digest.render.subjects import LONGEST, subject
from digest.text.subjects import FIELDS, check_subject
from tests.factories import make_edition, make_paper, make_pick, make_site, make_topic
from tests.pages import CATALOGUES, ENV, make_envelope, make_picks

SITE = make_site(title="The Digest")
POST = Post(sender="digest@digest.example", letters="confirm@digest.example")
GERMAN = languages_of(CATALOGUES)["de"]


def said(pattern: str, *editions: Edition) -> str:
    return subject(SITE, editions or [one(3)], ENGLISH, pattern)


def one(number: int, **changes: Any) -> Edition:
    return make_edition(*make_picks(number), **changes)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("{site}: {topic}, {date}", "The Digest: The KV cache, Fri 20 Nov 2026"),
        ("{count} papers, {first} and {more} more", "3 papers, Paper 1 and 2 more"),
        ("Your papers", "Your papers"),
    ],
)
def test_a_pattern_says_what_its_fields_name(pattern: str, line: str) -> None:
    assert said(pattern) == line


def test_of_several_topics_all_are_named_and_the_latest_date() -> None:
    week = one(1, topic=make_topic("agents", name="Agents"), label="2026-11-21")
    assert said("{topic}, {date}", one(2), week) == "The KV cache and Agents, Sat 21 Nov 2026"


def test_a_topics_own_pattern_goes_before_the_sites_where_it_stands_alone() -> None:
    mine = one(3, topic=make_topic(subject="{topic} ({count})"))
    assert said("{site}", mine) == "The KV cache (3)"
    assert said("{site}", mine, one(1, topic=make_topic("agents"))) == "The Digest"


@pytest.mark.parametrize(("number", "line"), [(1, "The KV cache: Paper 1"), (0, "The KV cache: nothing new")])
def test_where_a_pattern_names_what_there_is_not_the_usual_words_are_said(number: int, line: str) -> None:
    assert said("{first} and {more} more", one(number)) == line


def test_the_title_gives_way_to_what_stands_around_it() -> None:
    long = make_edition(make_pick(make_paper("Words " * 60)), *make_picks(8))
    line = said("{site}: {first} and {more} more", long)
    assert len(line) <= LONGEST
    assert re.fullmatch(r"The Digest: Words .*… and 8 more", line)


def test_the_usual_words_are_said_in_the_readers_language() -> None:
    assert [subject(SITE, [one(number)], GERMAN) for number in range(4)] == [
        "The KV cache: nichts Neues",
        "The KV cache: Paper 1",
        "The KV cache: Paper 1 und 1 weiteres",
        "The KV cache: Paper 1 und 2 weitere",
    ]
    assert subject(SITE, [one(1)], GERMAN, "{date}") == "Fr 20. Nov. 2026"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["", *(f"{{{name}}} {{{name}}}" for name in FIELDS)]))
def test_no_text_becomes_more_than_one_short_line(text: str, pattern: str) -> None:
    edition = make_edition(make_pick(make_paper(text)), *make_picks(2), topic=make_topic(name=text or "a"))
    core = compose(ENV, make_site(title=text or "a"), [edition], pattern=pattern)
    assert len(core.subject) <= LONGEST
    head = message(encode(core, SITE, POST), make_envelope()).partition(b"\r\n\r\n")[0]
    assert len(re.findall(rb"^Subject:", head, re.MULTILINE)) == 1
    assert b"\n\r" not in head


# What a pattern may not be


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("{frist}", "{frist} is no field of a subject: use {site}, {topic}, {date}, {count}, {first}, {more}"),
        ("{first!r}", "{first!r} is no field"),
        ("{site.secret}", "{site.secret} is no field"),
        ("{}", "{} is no field"),
        ("{first", "a brace stands alone"),
        ("a\r\nBcc: x@example.org", "one line"),
        ("a" * 121, "at most 120"),
    ],
)
def test_a_wrong_pattern_is_refused_with_the_fields_there_are(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        check_subject(pattern)


def test_the_setting_and_the_topic_are_checked_when_they_are_read() -> None:
    with pytest.raises(ConfigError, match=r"frist.* is no field"):
        load(None, {"DIGEST_MAIL_SUBJECT": "{frist}"})
    with pytest.raises(ConfigError, match="is no field of a subject"):
        read_topics('[[topic]]\nid = "a"\nname = "A"\nshould = ["a"]\nsubject = "{frist}"', "topics.toml")


def test_every_field_can_be_said() -> None:
    assert said("".join(f"[{{{name}}}]" for name in FIELDS)).count("[") == len(FIELDS)
