"""Templates are proved before anything is sent."""

from __future__ import annotations

import pytest

from digest.errors import RenderError
from digest.model import Post
from digest.render.proof import prove
from digest.render.templates import environment
from tests.factories import make_site
from tests.pages import SOURCES

SITE = make_site(contact="hello@digest.example")
POST = Post(sender="digest@digest.example", letters="confirm@digest.example")
ENDLESS = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"


def fault(name: str, old: str, new: str) -> str:
    """Return what the proof says of the shipped templates with a change in one."""
    assert old in SOURCES[name]
    with pytest.raises(RenderError) as caught:
        prove(environment({**SOURCES, name: SOURCES[name].replace(old, new, 1)}), SITE, POST)
    return caught.value.message


def line(name: str, text: str) -> str:
    return f"template {name}, line {SOURCES[name][: SOURCES[name].index(text)].count(chr(10)) + 1}: "


def test_the_shipped_templates_stand() -> None:
    prove(environment(SOURCES), SITE, POST)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("partials/paper.mail.html", "{{ paper.title }}", "{{ paper.titel }}", "has no attribute 'titel'"),
        ("partials/paper.txt", "{{ paper.title", "{{ papr.title", "'papr' is undefined"),
        ("mail/digest.html", "{{ lead }}", "{{ lede }}", "'lede' is undefined"),
        ("mail/letter.txt", "{{ words.action }}", "{{ words.act }}", "has no attribute 'act'"),
        ("mail/digest.txt", "{{ body }}", ENDLESS, "go round"),
        ("web/topic.html", "{% block", "{% blok", "unknown tag 'blok'"),
        ("mail/digest.html", '{% include "mail/media', '{% include "mail/medea', "mail/medea.css is missing"),
    ],
)
def test_a_mistake_is_told_with_its_template_and_line(name: str, old: str, new: str, said: str) -> None:
    told = fault(name, old, new)
    assert told.startswith(line(name, old))
    assert said in told


def test_a_mistake_that_only_some_papers_bring_out_is_found_as_well() -> None:
    withdrawn = '{{ _("Withdrawn by its authors.") }}'
    assert "'nothing' is undefined" in fault("partials/paper.mail.html", withdrawn, "{{ nothing }}")


def test_a_template_whose_mail_breaks_a_rule_is_refused() -> None:
    pixel = '<img src="https://count.example/1.gif">{{ body }}'
    told = fault("mail/digest.html", "{{ body }}", pixel)
    assert told.startswith("a mail (cards, en) would break a rule: ")
    assert "count.example" in told


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("mail/letter.html", "<p>{{ words.ask }}", '<p><img src="https://count.example/1.gif">{{ words.ask }}'),
        ("mail/letter.txt", "{{ words.ask", "Something else altogether that the other form does not say. {{ words.ask"),
    ],
)
def test_a_letter_that_breaks_a_rule_is_refused_as_well(name: str, old: str, new: str) -> None:
    assert fault(name, old, new).startswith("a mail (letter confirm, en) would break a rule: ")
