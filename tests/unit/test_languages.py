"""What we say in other languages: complete catalogues, honest fallbacks, and no English left over in a mail."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from digest.errors import RenderError
from digest.model import (
    Edition,
    Layout,
    Period,
    SignalKind,
    Sister,
    SubscriberId,
    Withdrawal,
    phrase,
)
from digest.render import letters, words
from digest.render.catalogues import read
from digest.render.languages import ENGLISH, FIELD, Language, languages_of, spoken
from digest.render.mail import compose, html_for, text_for
from digest.render.templates import environment, render
from tests.factories import make_edition, make_paper, make_pick, make_site, make_topic
from tests.languages import MARKED, SAID, Marked, unmarked, visible
from tests.pages import CATALOGUES, ENV, make_envelope, make_picks, parsed

LANGUAGES = languages_of(CATALOGUES)
GERMAN = LANGUAGES["de"]


def fields(text: str) -> set[tuple[str, str]]:
    return {(name, form) for name, form in FIELD.findall(text)}


# The catalogues


@pytest.mark.parametrize("tag", sorted(CATALOGUES))
def test_a_catalogue_lacks_no_message_and_holds_none_that_is_not_said(tag: str) -> None:
    assert set(read(CATALOGUES[tag], tag).messages) == {message for message, _ in SAID}


@pytest.mark.parametrize("tag", sorted(CATALOGUES))
def test_no_translation_is_empty_and_each_has_as_many_forms_as_its_language(tag: str) -> None:
    held = read(CATALOGUES[tag], tag).messages
    forms = re.search(r"nplurals=(\d)", CATALOGUES[tag])
    assert forms
    for message, plural in SAID:
        assert len(held[message]) == (int(forms[1]) if plural else 1), message
        assert all(held[message]), message


@pytest.mark.parametrize("tag", sorted(CATALOGUES))
def test_no_translation_loses_or_invents_a_field(tag: str) -> None:
    held = read(CATALOGUES[tag], tag).messages
    for message, plural in SAID:
        wanted = fields(message) | fields(plural or "")
        assert fields(held[message][-1]) == wanted, message
        assert all(wanted - {("n", "")} <= fields(form) <= wanted for form in held[message]), message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('msgid "a"\nmsgstr "b', "line 2"),
        ('msgid "a"\n"b"\nmsgstr "c"\nstray', "line 4"),
        ('msgid "a"', "msgstr"),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(RenderError, match="catalogue xx") as caught:
        read(text, "xx")
    assert said in caught.value.message


def test_a_catalogue_holds_lines_that_go_on_and_comments() -> None:
    text = '# a\nmsgid ""\nmsgstr ""\n\n#: b\nmsgid "one "\n"two"\nmsgstr "\\"x\\"\\n"\n'
    assert read(text, "xx").gettext("one two") == '"x"\n'


def test_a_form_is_chosen_as_the_language_does() -> None:
    polish = read(
        'msgid ""\nmsgstr "Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2);\\n"\n\n'
        'msgid "{n} star"\nmsgid_plural "{n} stars"\n'
        'msgstr[0] "{n} gwiazda"\nmsgstr[1] "{n} gwiazdy"\nmsgstr[2] "{n} gwiazd"',
        "pl",
    )
    said = [Language("pl", polish).say("{n} star", "{n} stars", n=number) for number in (1, 2, 5)]
    assert said == ["1 gwiazda", "2 gwiazdy", "5 gwiazd"]


def test_what_a_catalogue_lacks_is_said_in_english() -> None:
    assert GERMAN.say("{n} unheard thing", "{n} unheard things", n=2) == "2 unheard things"


def test_a_language_is_known_by_its_tag_or_that_without_its_region() -> None:
    assert [spoken(LANGUAGES, tag).tag for tag in ("de", "de-AT", "en-GB", "fr")] == ["de", "de", "en", "en"]


# Numbers, days, lists


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    assert [GERMAN.number(12345), GERMAN.number(1.5), ENGLISH.number(12345)] == ["12.345", "1,5", "12,345"]
    day = date(2026, 3, 20)
    assert words.short_day(day, GERMAN) == "20. März 2026"
    assert words.long_day(day, GERMAN) == "Freitag, 20. März 2026"


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("2026-11-20", "Freitag, 20. November 2026"),
        ("2026-W47", "Woche 47, 16. bis 22. November 2026"),
        ("2026-W49", "Woche 49, 30. November bis 6. Dezember 2026"),
        ("2026-W53", "Woche 53, 28. Dezember 2026 bis 3. Januar 2027"),
        ("2026-11", "November 2026"),
    ],
)
def test_a_period_is_said_in_german(label: str, said: str) -> None:
    assert words.period(Period.parse(label), GERMAN) == said


def test_names_are_joined_and_words_quoted_as_the_language_does() -> None:
    assert words.series(["A", "B", "C"], GERMAN) == "A, B und C"
    assert GERMAN.of(phrase("matches {words:quoted}", words=("KV cache", "RAG"))) == "passt zu „KV cache“, „RAG“"


def test_a_value_with_braces_is_no_field() -> None:
    assert ENGLISH.say("by {authors}, whom this topic follows", authors="{n}") == "by {n}, whom this topic follows"


def test_a_language_from_right_to_left_says_so() -> None:
    assert [Language(tag).direction for tag in ("he", "ar-EG", "de")] == ["rtl", "rtl", "ltr"]


# Templates


def env(source: str, name: str = "a.html") -> str:
    made = environment({name: source}, {"en": ENGLISH, "xx": Marked()}).speaking("xx")
    return render(made, name, x="<b>", n=2)


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ('{{ _("Why & how") }}', "⟦Why &amp; how⟧"),
        ('{{ _("By {x}, all", x=x) }}', "⟦By &lt;b&gt;, all⟧"),
        ('{{ _("{n} a", "{n} b", n=n) }}', "⟦⟦2⟧ b⟧"),
        ('{{ _("Of {x:quoted}", x=x) }}', "⟦Of ⟦“&lt;b&gt;”⟧⟧"),
        ('{{ _("a" if n else "b") }}', "⟦a⟧"),
        ('{% set y = _("a {x}", x=x) %}{{ y }}', "⟦a &lt;b&gt;⟧"),
    ],
)
def test_a_message_is_translated_and_what_fills_it_escaped(source: str, printed: str) -> None:
    assert env(source) == printed


def test_a_field_that_is_not_given_is_an_error_with_its_template() -> None:
    with pytest.raises(RenderError, match=r"a\.html"):
        env('{{ _("By {who}", x=x) }}')
    with pytest.raises(RenderError, match=r"a\.html"):
        env('{{ _("{who:quoted}", who=nobody) }}')


# Mails


GONE = Withdrawal(paper_id=make_paper("gone").id, title="DATA", label="2026-11-12")
STALE = phrase("{names:sources} still shows {day:weekday}'s batch", "many", names=("DATA",) * 9, n=9, day="2026-11-17")


def editions() -> list[Edition]:
    """Editions with all that a mail can say: a full one, an empty one, and a reader's own that does not fit."""
    paper = make_paper("DATA", authors=("DATA",) * 9, abstract="DATA", withdrawn=True)
    pick = make_pick(
        paper,
        reasons=(phrase("in {categories}", categories="DATA"), phrase("+{gained} in an hour", "many", gained=3, n=1)),
        numbers=dict.fromkeys(SignalKind, 3),
        summary="DATA",
        also=(Sister(id=paper.id, title="DATA"),),
        summarised_by="DATA",
    )
    own = make_topic("mine", name="My own topic", owner=SubscriberId("s1"))
    data: dict[str, Any] = {"note": "DATA", "withdrawn": (GONE,), "health": (STALE,)}
    return [
        make_edition(pick, considered=9, matched=1, topic=make_topic(name="DATA"), **data),
        make_edition(considered=31, topic=make_topic("b", name="DATA"), **data),
        make_edition(*([pick] * 900), considered=999, topic=own, label="2026-W47", **data),
    ]


SITE = make_site(title="DATA", contact="data@data.example", postal="DATA", url="https://data.example", language="xx")


@pytest.mark.parametrize("layout", Layout)
def test_every_word_of_a_mail_is_said_in_its_language_or_is_data(layout: str) -> None:
    for some in (editions(), *([one] for one in editions())):
        core = compose(MARKED, SITE, some, layout=layout)
        for text in (core.subject, text_for(core, make_envelope()), *visible(html_for(core, make_envelope()))):
            assert unmarked(text) == [], text


@pytest.mark.parametrize("kind", letters.LetterKind)
def test_every_word_of_a_letter_is_said_in_its_language(kind: str) -> None:
    found = letters.letter(MARKED, SITE, kind, "https://data.example/x")
    assert found.language == "xx"
    for text in (found.subject, found.text, *visible(found.html)):
        assert unmarked(text) == []


def test_a_mail_names_the_language_it_is_in() -> None:
    for tag, shown in (("de", "de"), ("de-AT", "de"), ("fr", "en")):
        core = compose(ENV, make_site(), [make_edition(*make_picks(2))], language=tag)
        assert core.list.language == shown
        root = parsed(html_for(core, make_envelope()))
        assert (root.attrib["lang"], root.attrib["dir"]) == (shown, "ltr")


def test_an_edition_from_before_there_were_phrases_is_said_as_it_was_frozen() -> None:
    edition = make_edition(*make_picks(1, reasons=("matches “KV cache”",)), health="1 source was behind")
    text = text_for(compose(ENV, make_site(), [edition], language="de"), make_envelope())
    assert "Warum: Matches “KV cache”." in text
    assert "1 source was behind." in text
