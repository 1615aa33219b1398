"""Mail templates that print quoted-printable at once: the same mail as by the long way."""

from __future__ import annotations

from typing import Any

import html5lib
import pytest

from digest.errors import RenderError
from digest.render.plates import _plates, mark, printed, printed_each
from digest.render.quoted import unquoted
from digest.render.styles import inlined, styled
from digest.render.templates import Templates, environment, render
from digest.render.views import edition_view, paper_view
from tests.factories import make_edition, make_paper, make_pick, make_site
from tests.pages import ENV, SOURCES, make_picks
from tests.samples import full_pick

CSS = SOURCES["mail/style.css"]
SHIPPED = sorted(name for name in SOURCES if name.startswith("mail/") or name.endswith((".mail.html", ".txt")))
PAPERS = [
    paper_view(full_pick()),
    paper_view(make_pick(make_paper("<b>&\"'", abstract="", authors=("<i>", "ü")))),
    paper_view(make_pick(make_paper(withdrawn=True), reasons=())),
]


def same(one: str, other: str) -> bool:
    """Say whether two pages are the same to a browser: neither order nor escaping of attributes matters to it."""
    first, second = (html5lib.serialize(html5lib.parse(page), alphabetical_attributes=True) for page in (one, other))
    return bool(first == second)


def long_way(env: Templates, name: str, **values: Any) -> str:
    """Render, then inline: what anybody would do."""
    return inlined(render(env, name, **values), CSS)


def decoded(env: Templates, name: str, **values: Any) -> str:
    return unquoted(printed(env, name, **values).encode())


@pytest.mark.parametrize("paper", PAPERS)
def test_styles_written_into_the_source_are_those_that_inlining_gives(paper: object) -> None:
    name = "partials/paper.mail.html"
    assert same(decoded(ENV, name, paper=paper), long_way(ENV, name, paper=paper))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("more", [0, 7])
def test_so_for_a_section(first: bool, more: int) -> None:
    edition = make_edition(*make_picks(2), note="A note.", health="one source was behind")
    values = {"edition": edition_view(edition), "first": first, "alone": first, "more": more, "empty": False}
    shared = {"site": make_site(), "to": str, "language": "en", "layout": "cards", "body": mark("body")}
    name = "partials/section.mail.html"
    assert same(decoded(ENV, name, **values, **shared), long_way(ENV, name, **values, **shared))


@pytest.mark.parametrize("paper", PAPERS)
def test_a_text_is_the_one_that_is_rendered(paper: object) -> None:
    assert decoded(ENV, "partials/paper.txt", paper=paper) == render(ENV, "partials/paper.txt", paper=paper)


@pytest.mark.parametrize("name", ["partials/paper.mail.html", "partials/paper.txt"])
def test_papers_printed_together_are_those_printed_alone(name: str) -> None:
    assert printed_each(ENV, name, PAPERS) == [printed(ENV, name, paper=paper) for paper in PAPERS]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_template_goes_the_short_way(name: str) -> None:
    assert _plates(ENV).exact(name)


ODD = {
    "a conditional class": '<p class="{{ "title" if paper.url else "why" }}">{{ paper.title }}</p>',
    "a conditional attribute": '<p {% if paper.url %}class="why"{% endif %}>{{ paper.title }}</p>',
    "an element that depends": "<h{{ 3 }} class='title'>{{ paper.title }}</h3>",
    "a branch that opens alone": '{% if paper.url %}<div class="why">{% else %}<div>{% endif %}{{ paper.title }}</div>',
    "a macro": '{% macro p(text) %}<p class="why">{{ text }}</p>{% endmacro %}{{ p(paper.title) }}',
    "a captured text": '{% set text %}<p class="why">{{ paper.title }}</p>{% endset %}{{ text }}',
    "a filtered text": '{% filter upper %}<p class="why">{{ paper.title }}</p>{% endfilter %}',
    "a part": '<div class="foot">{% include "partials/part.mail.html" %}</div>',
    "a child": '{% extends "partials/base.mail.html" %}{% block inner %}<b>{{ paper.title }}</b>{% endblock %}',
}
PARTS = {
    "partials/part.mail.html": "<p>{{ paper.title }}</p>",
    "partials/base.mail.html": '<p class="why">{% block inner %}{% endblock %}</p>',
}


@pytest.mark.parametrize("source", ODD.values(), ids=ODD.keys())
def test_what_cannot_be_styled_beforehand_goes_the_long_way_to_the_same_mail(source: str) -> None:
    name = "partials/own.mail.html"
    env = environment({**SOURCES, **PARTS, name: source})
    assert not _plates(env).exact(name)
    for paper in PAPERS:
        assert decoded(env, name, paper=paper) == long_way(env, name, paper=paper)
    assert printed_each(env, name, PAPERS) == [printed(env, name, paper=paper) for paper in PAPERS]


@pytest.mark.parametrize("css", ["p + p { color: red }", "p:first-child { color: red }", "p[lang] { color: red }"])
def test_a_style_that_looks_at_neighbours_is_inlined_afterwards(css: str) -> None:
    assert styled("<p>{{ x }}</p><p>{{ y }}</p>", css) is None


def test_an_elements_own_style_stays_and_wins() -> None:
    source = '<p class="a" style="color: blue">{{ x }}</p>'
    found = styled(source, ".a { color: red; margin: 0 }")
    assert found is not None
    assert same(found, inlined(source, ".a { color: red; margin: 0 }"))


def test_nothing_but_the_style_changes_in_a_source() -> None:
    source = SOURCES["mail/digest.html"]
    found = styled(source, CSS)
    assert found is not None
    assert len(found.splitlines()) == len(source.splitlines())
    assert [one.split(" style=")[0] for one in found.splitlines() if " style=" not in one] == [
        one for one, now in zip(source.splitlines(), found.splitlines(), strict=True) if " style=" not in now
    ]


def test_an_error_names_the_line_of_the_template_as_it_was_written() -> None:
    source = SOURCES["partials/paper.mail.html"] + "{{ paper.titel }}"
    env = environment({**SOURCES, "partials/paper.mail.html": source})
    with pytest.raises(RenderError) as caught:
        printed_each(env, "partials/paper.mail.html", PAPERS)
    line = source.count("\n") + 1
    assert caught.value.message.startswith(f"template partials/paper.mail.html, line {line}: ")
