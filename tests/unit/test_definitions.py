"""Topics and sources as TOML."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.app import shipped
from digest.config.definitions import read_sources, read_topics, write_sources, write_topics
from digest.errors import ConfigError
from digest.model import Mode, PeriodKind
from digest.sources import KINDS


def test_a_topic_reads_with_every_field() -> None:
    text = """
    [[topic]]
    id = "kv-cache"
    name = "The KV cache"
    mode = "trending"
    should = ["KV cache"]
    not = ["survey"]
    periods = ["day", "month"]
    half_life = "36h"
    weights = { relevance = 0.5, freshness = 0.2, trend = 0.3 }
    """
    topic = read_topics(text, "topics.toml")[0]
    assert (topic.mode, topic.not_, topic.half_life) == (Mode.TRENDING, ("survey",), timedelta(hours=36))
    assert topic.periods == (PeriodKind.DAY, PeriodKind.MONTH)
    assert read_topics(write_topics([topic]), "again") == [topic]


def test_all_problems_are_told_at_once() -> None:
    text = '[[topic]]\nid = "A b"\nname = "x"\nshuld = [1]\nlimit = 999\n[[topic]]\nid = "b"\nname = "b"\n[x]\n'
    with pytest.raises(ConfigError) as caught:
        read_topics(text, "topics.toml")
    assert caught.value.message.splitlines() == [
        "topics.toml: unknown table [x]: use [[topic]]",
        "topics.toml, topic A b: unknown field shuld: did you mean should?",
        "topics.toml, topic A b: id 'A b' must be lower-case letters, digits and single dashes",
        "topics.toml, topic A b: it matches nothing: give should, must, categories, authors or examples",
        "topics.toml, topic A b: limit is 999: use 1 to 200",
        "topics.toml, topic b: it matches nothing: give should, must, categories, authors or examples",
    ]


def test_an_id_stands_once() -> None:
    one = '[[topic]]\nid = "a"\nname = "a"\nshould = ["x"]\n'
    with pytest.raises(ConfigError, match="two topics have the id 'a'"):
        read_topics(one * 2, "topics.toml")


@pytest.mark.parametrize("text", ["topic = 3", "topic = [3]", '[topic]\nid = "a"\nname = 3', "[[topic]]\n"])
def test_another_shape_is_an_error_and_no_crash(text: str) -> None:
    with pytest.raises(ConfigError):
        read_topics(text, "topics.toml")


def test_a_kind_of_source_that_nobody_knows_is_told_with_the_nearest_that_is_known() -> None:
    text = '[[source]]\nid = "a"\nname = "a"\nkind = "arxiv-feeds"\nurl = "https://a.example"\n'
    with pytest.raises(ConfigError, match=r"unknown kind arxiv-feeds: did you mean arxiv-feed\?"):
        read_sources(text, "sources.toml", KINDS)


def test_a_source_needs_a_web_address() -> None:
    with pytest.raises(ConfigError, match="must start with https"):
        read_sources('[[source]]\nid = "a"\nname = "a"\nkind = "feed"\nurl = "file:///etc/passwd"\n', "sources.toml")


def test_the_seeds_read_and_write_back() -> None:
    topics = read_topics((shipped("seeds") / "topics.toml").read_text("utf-8"), "topics.toml")
    sources = read_sources((shipped("seeds") / "sources.toml").read_text("utf-8"), "sources.toml", KINDS)
    assert len(topics) >= 8
    assert all(source.url for source in sources)
    assert read_topics(write_topics(topics), "again") == topics
    assert read_sources(write_sources(sources), "again") == sources
