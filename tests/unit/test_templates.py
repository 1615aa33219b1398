"""The template environment: escaping by name, and errors that lead to the line at fault."""

from __future__ import annotations

import json
import textwrap
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import RenderError
from digest.model import Value
from digest.render.templates import environment, render, wrap
from tests.pages import ENV, SOURCES

BROKEN = {
    "page.html": "first\n\n{{ nobody }}",
    "whole.html": "{% include 'part.html' %}",
    "part.html": "one\ntwo {{ paper.titel }}",
    "base.html": "\n{% block main %}{% endblock %}",
    "child.html": "{% extends 'base.html' %}\n{% block main %}\n{{ nobody }}{% endblock %}",
    "unclosed.html": "line\n{% if paper %}",
    "importing.html": "\n{% include 'unclosed.html' %}",
    "lacking.html": "{% include 'nowhere.html' %}",
    "sum.html": "{{ 'a' + 1 }}",
    "zero.html": "\n\n\n{{ 1 / 0 }}",
}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("page.html", "template page.html, line 3: 'nobody' is undefined"),
        ("whole.html", "template part.html, line 2: 'dict object' has no attribute 'titel'"),
        ("child.html", "template child.html, line 3: 'nobody' is undefined"),
        ("unclosed.html", "template unclosed.html, line 2: "),
        ("importing.html", "template unclosed.html, line 2: "),
        ("lacking.html", "template nowhere.html is missing"),
        ("nothing.html", "template nothing.html is missing"),
        ("sum.html", "template sum.html, line 1: can only concatenate str"),
        ("zero.html", "template zero.html, line 4: division by zero"),
    ],
)
def test_an_error_names_the_template_and_the_line_at_fault(name: str, place: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(environment(BROKEN), name, paper={})
    assert caught.value.message.startswith(place)


@pytest.mark.parametrize("name", ["a.html", "partials/paper.mail.html", "a.xml"])
def test_markup_is_escaped_in_html_and_xml(name: str) -> None:
    env = environment({name: "<p title='{{ x }}'>{{ x }}</p>"})
    assert render(env, name, x="""<b>"'&""") == "<p title='&lt;b&gt;&#34;&#39;&amp;'>&lt;b&gt;&#34;&#39;&amp;</p>"


@pytest.mark.parametrize("name", ["a.txt", "style.css"])
def test_plain_text_stays_as_it_is(name: str) -> None:
    assert render(environment({name: "{{ x }}"}), name, x="<b> & 'c'") == "<b> & 'c'"


def test_a_text_included_from_html_keeps_its_own_rule_and_a_value_there_its_escaping() -> None:
    env = environment({"a.html": "{% include 'b.css' %}{{ x }}", "b.css": "a > b {}"})
    assert render(env, "a.html", x="a > b") == "a > b {}a &gt; b"


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_shipped_template_compiles(name: str) -> None:
    assert ENV.get_template(name).name == name


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_shipped_template_has_a_name_that_decides_its_escaping(name: str) -> None:
    assert name.endswith((".html", ".txt", ".css"))
    assert any(mark in SOURCES[name] for mark in ("</", "<link ")) == name.endswith(".html")


@given(st.text(st.sampled_from("aé\u00a0\n ") | st.characters(), max_size=60), st.integers(1, 20))
def test_wrapped_lines_are_those_of_textwrap(text: str, width: int) -> None:
    plain = " ".join(text.split())
    lines = textwrap.wrap(plain, width, break_long_words=False, break_on_hyphens=False)
    assert wrap(text, width) == "\n".join(lines)


def test_an_address_stays_whole() -> None:
    address = "https://arxiv.org/abs/2611.00001-and-a-long-tail"
    assert wrap(f"see {address} for more", 20) == f"see\n{address}\nfor more"


def test_later_lines_hang_behind_the_indent() -> None:
    assert wrap("one two three four", 12, 4) == "one two\n    three\n    four"


def test_no_text_wraps_to_no_text() -> None:
    assert wrap(" \n ", 10) == ""


# What a template of an operator can do


REACHING = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ paper.__class__ }}",
    "{{ paper.__init__.__globals__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ joiner.__init__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ to.func.__globals__ }}",
    "{{ ''|attr('__class__') }}",
    "{{ '{0.__class__}'.format(paper) }}",
    "{% set x = paper.tags.append('b') %}",
]
ENDLESS = [
    "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% endfor %}{% for b in range(99999) %}{% endfor %}",
    "{% for a in range(10 ** 9) %}{% endfor %}",
    "{% for a in range(1000000) %}{% endfor %}",
    "{% for a in range(999) | select %}{% for b in range(999) | select %}{% endfor %}{% endfor %}",
    "{{ 'x' * 1000000000 }}",
    "{{ [0] * 1000000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include 'page.html' %}",
]


class Paper(Value):
    title: str = "T"
    tags: tuple[str, ...] = ()


def printed(source: str) -> str:
    env = environment({"page.html": "\n" + source})
    return render(env, "page.html", paper=Paper(), to=partial(str, "x"))


@pytest.mark.parametrize("source", REACHING)
def test_a_template_reaches_nothing_but_what_it_is_given(source: str) -> None:
    with pytest.raises(RenderError, match=r"^template page\.html, line 2: "):
        printed(source)


@pytest.mark.parametrize("source", ENDLESS)
def test_a_template_that_would_not_end_is_stopped_and_told(source: str) -> None:
    with pytest.raises(RenderError, match=r"^template page\.html(, line 2)?: "):
        printed(source)


def test_a_loop_as_long_as_a_site_needs_goes_on() -> None:
    assert printed("{% for a in range(99999) %}{{ loop.index if loop.last }}{% endfor %}").strip() == "99999"


def test_rounds_are_counted_anew_for_each_rendering() -> None:
    for _ in range(3):
        assert printed("{% for a in range(60000) %}{% endfor %}").strip() == ""


def test_a_value_without_that_field_is_an_error() -> None:
    with pytest.raises(RenderError, match="has no attribute 'titel'"):
        printed("{{ paper.titel }}")
    assert printed("{{ paper.titel is defined }}").strip() == "False"


def test_what_looks_like_a_template_in_a_value_is_text(shared: Path) -> None:
    lines = (shared / "corpora" / "ssti" / "payloads.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["payload"] for line in lines]
    env = environment({"page.html": "{{ x }}", "page.txt": "{{ x }}"})
    assert len(texts) > 40
    for text in texts:
        assert render(env, "page.txt", x=text) == text
        assert unescape(render(env, "page.html", x=text)) == text
