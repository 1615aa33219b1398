"""Text from outside: what is kept, what is made of it, and that nothing makes it raise or take for ever."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest import text
from digest.text import tex

FAMILY = "\U0001f469‍\U0001f469‍\U0001f467"

few = settings(derandomize=True, max_examples=100, deadline=None)


# Characters


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("  Hard\n wraps\tand\r\nspaces  ", "Hard wraps and spaces"),
        ("non\u00a0breaking\u2028line", "non breaking line"),
        ("e\u0301tude", "étude"),
        ("bell\x07 and null\x00", "bell and null"),
        ("half a pair \ud83d", "half a pair"),
        ("no character \ufffe\U0001ffff\ufdd0", "no character"),
        ("a \u202egnirts\u202c b", "a gnirts b"),
        ("ze\u200bro w\u2060idth\ufeff", "zero width"),
        ("smug\U000e0061\U000e0062gled", "smuggled"),
        ("Windows \x93quotes\x94", "Windows “quotes”"),
        ("a\u200db", "ab"),
        ("heart \u2764\ufe0f\ufe0f\ufe0f", "heart \u2764\ufe0f"),
        ("", ""),
    ],
)
def test_only_visible_composed_characters_in_one_line_are_left(raw: str, cleaned: str) -> None:
    assert text.clean(raw) == cleaned


@pytest.mark.parametrize("kept", [f"family {FAMILY}", "می‌خواهم", "क्‍ष", "50% of 5%, 100 %", "naïve “quotes” – 数学"])
def test_what_scripts_and_emoji_need_is_kept(kept: str) -> None:
    assert text.clean(kept) == kept


def test_a_pile_of_accents_is_cut_to_what_stream_safe_text_allows() -> None:
    assert len(text.clean("a" + "\u0316\u0300" * 5000)) <= 32


def test_raw_text_is_stored_as_it_came_but_for_what_no_database_holds() -> None:
    assert text.storable("a\u202eb\x00c\ud800 d\n") == "a\u202ebc d\n"


# TeX


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        (r"gains 5\% over 4% and more", "gains 5% over 4% and more"),
        (r"$\alpha$-divergence in $O(n^2)$", "α-divergence in O(n²)"),
        (r"$x_{1} \leq 10^{-3}$", "x₁ ≤ 10⁻³"),
        (r"\textbf{bold 5% \emph{nested}} text", "bold 5% nested text"),
        (r"Poincar\'e, G\"odel, Erd\H{o}s, Fran\c cois, na\"{\i}ve", "Poincaré, Gödel, Erdős, François, naïve"),
        (r"LLMzSz{\L} and LiPO-{\lambda}", "LLMzSzŁ and LiPO-λ"),
        (r"we present \ours, and \ewtune~adds", "we present ours, and ewtune adds"),
        (r"the \method{Quest} method", "the Quest method"),
        (r"at \url{https://example.org/a_b}.", "at https://example.org/a_b."),
        (r"\href{https://example.org}{our page}", "our page (https://example.org)"),
        (r"problems.\footnote{The code is public.}", "problems. (The code is public.)"),
        (r"as shown~\cite{x} before (e.g.\ here)", "as shown before (e.g. here)"),
        ("``quoted'' words", "“quoted” words"),
        (r"$\sim$10% at 30$^\circ$C", "∼10% at 30°C"),
        (r"lm\_head \& co", "lm_head & co"),
    ],
)
def test_spans_of_tex_become_unicode(raw: str, cleaned: str) -> None:
    assert text.clean(raw) == cleaned


@pytest.mark.parametrize(
    "kept",
    [
        "a 5% gain, then 10% more",
        "with a $100K budget and $50 more",
        "it costs $5, not $7",
        "MoE^2 and x_1 outside of mathematics",
        r"it\'s an \x3E of other languages \n",
        r"¯\_(ツ)_/¯",
        "\\",
        "$",
        r"an open \frac and \(",
        "a <think> token, x < y",
    ],
)
def test_what_only_resembles_tex_or_markup_stays(kept: str) -> None:
    assert text.clean(kept) == kept


def test_a_text_of_nothing_but_tex_keeps_most_of_it_unread() -> None:
    assert text.clean(r"\L " * 1000).count("\\L") == 700


def test_tex_reads_no_file() -> None:
    assert "root" not in text.clean(r"\input{/etc/passwd} \include{/etc/passwd}")


# HTML


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>One <b>bol</b>der.</p><p>Two.</p>", "One bolder. Two."),
        ("a&lt;b &amp; c&nbsp;&eacute; &#8211; &#150;", "a<b & c é – –"),
        ("H<sub>2</sub>O at 10<sup>-6</sup>", "H₂O at 10⁻⁶"),
        ("<script>if(a<b)alert(1)</script>ok<style>p{}</style>", "ok"),
        ("<script>never closed", ""),
        ("before<!-- hidden -->after", "before after"),
        ('<a href="x" title="1 > 0">link</a>.', "link."),
        ('<a href=http://example.com/">link</a>', "link"),
        ("<jats:p>prefixed</jats:p>", "prefixed"),
        ("$a<b$ and x<y, y>z", "a<b and x<y, y>z"),
        ("the <think> token of <image>", "the <think> token of <image>"),
        ("breaks off <p", "breaks off <p"),
        ("<li>one<li>two", "one two"),
        ("<b" * 3, "<b<b<b"),
    ],
)
def test_html_becomes_its_words(markup: str, words: str) -> None:
    assert text.from_html(markup) == words


@pytest.mark.parametrize("markup", ["<p>", "a<br/>b", "</div>", "AT&amp;T", "&#x27;", "<!-- c -->", '<a href="x">'])
def test_markup_looks_like_html(markup: str) -> None:
    assert text.looks_like_html(markup)


@pytest.mark.parametrize("words", ["", "AT&T", "a < b > c", "$a<b$", "<think>", "R&D; more", "x<y and y>z"])
def test_words_do_not_look_like_html(words: str) -> None:
    assert not text.looks_like_html(words)


def test_a_nesting_bomb_is_only_a_long_text() -> None:
    assert text.from_html("<div>" * 100_000 + "x" + "</div>" * 100_000) == "x"


# Addresses


@pytest.mark.parametrize(
    ("given_url", "rebuilt"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("HTTP://EXAMPLE.org", "http://example.org"),
        (" https://example.org/a b ", "https://example.org/a%20b"),
        ("https://example.org/a\nb\x01", "https://example.org/ab"),
        ('https://example.org/"<x>', "https://example.org/%22%3Cx%3E"),
        ("https://münchen.example/ü", "https://xn--mnchen-3ya.example/%C3%BC"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("//example.org/x", "https://example.org/x"),
        ("../x", "https://base.example/x"),
    ],
)
def test_an_address_is_rebuilt_from_its_parts(given_url: str, rebuilt: str) -> None:
    assert text.safe_url(given_url, "https://base.example/dir/page") == rebuilt


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relative",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "mailto:ana@example.org",
        "https://ana:secret@example.org/",
        "https://example.org\\@evil.example/",
        "https://example.org/#a\x00b",
        "https://example.org:99999/",
        "https://[bad/",
        "https://a b/",
        "https:///path",
        "https://a..b/",
        "https://example.org/" + "x" * 3000,
    ],
)
def test_what_is_no_safe_address_gives_none(url: str) -> None:
    assert text.safe_url(url) is None


def test_links_in_prose_lose_the_punctuation_behind_them() -> None:
    prose = "See (https://example.org/a_(b)), https://example.org/c. And http://nodot/x or {https://example.org/d}."
    assert text.links_in(prose) == ("https://example.org/a_(b)", "https://example.org/c", "https://example.org/d")


@pytest.mark.parametrize(
    ("prose", "link"),
    [
        ("Code: https://github.com/a/b.", "https://github.com/a/b"),
        ("at github.com/a/b-c, soon", "https://github.com/a/b-c"),
        ("(https://gitlab.com/g/s/p.git)", "https://gitlab.com/g/s/p.git"),
        ("https://github.com/A/LaRA{https://github.com/A/LaRA}.", "https://github.com/A/LaRA"),
        (
            "https://huggingface.co/papers/2603.01230 and https://huggingface.co/datasets/a/b",
            "https://huggingface.co/datasets/a/b",
        ),
        ('<a href="https://github.com/a/b">code</a>', "https://github.com/a/b"),
        ("at https://github.com/a only", None),
        ("https://a.github.io/b", None),
        ("write to x@github.com/a/b", None),
        ("https://github.com/topics/llm", None),
        ("no link", None),
    ],
)
def test_the_first_repository_is_the_code_link(prose: str, link: str | None) -> None:
    assert text.code_link(prose) == link


# Prose


@pytest.mark.parametrize(
    ("limit", "short"),
    [
        (29, "Sparse gates, again and again"),
        (20, "Sparse gates, again…"),
        (14, "Sparse gates…"),
        (13, "Sparse gates…"),
        (12, "Sparse…"),
        (4, "Spa…"),
        (1, "…"),
        (0, ""),
    ],
)
def test_a_text_is_shortened_between_words(limit: int, short: str) -> None:
    assert text.shorten("Sparse gates, again and again", limit) == short


def test_a_first_word_beyond_the_limit_is_not_torn_from_its_accent() -> None:
    assert text.shorten("क्षक्षक्ष", 4) == "क्ष…"
    assert text.shorten(FAMILY * 3, 7) == f"{FAMILY}…"


def test_sentences_end_neither_at_abbreviations_nor_in_numbers() -> None:
    prose = 'We follow e.g. Adam (Kingma et al. 2014) at 3.5 points. See Fig. 3. It works! J. Smith? "So." 结束。完了。'
    assert text.sentences(prose) == (
        "We follow e.g. Adam (Kingma et al. 2014) at 3.5 points.",
        "See Fig. 3.",
        "It works!",
        "J. Smith?",
        '"So."',
        "结束。",
        "完了。",
    )


def test_first_sentences_are_whole_or_one_that_is_shortened() -> None:
    prose = "One is here. Two is here. Three is here."
    assert text.first_sentences(prose, 25) == "One is here. Two is here."
    assert text.first_sentences(prose, 24) == "One is here."
    assert text.first_sentences(prose, 8) == "One is…"
    assert text.first_sentences(prose, 1000) == prose


def test_folding_forgets_case_accents_and_punctuation() -> None:
    assert text.fold("Poincaré’s “Maps”: A  Łódź_Survey, ﬁne") == "poincare s maps a lodz survey fine"
    assert text.fold("数学 2026") == "数学 2026"


def test_a_slug_is_short_ascii_and_never_empty() -> None:
    assert text.slug("  KV-Cache & Møre!") == "kv-cache-more"
    assert text.slug("x" * 500) == "x" * 60
    assert text.slug("数学") != text.slug("物理")
    assert text.slug("数学").isascii()


# For every text

HOSTILE = (
    *"< <b <script> <!-- & &amp; \\a{ $a $\\$ {\\ ``a \\href{ ... ) http:// github.com/".split(),
    *("\u0316\u0300", "\u200d", "\ud800", "\ufdfa", "\ufe0f", " ", ". ", "a. B", "<a ='"),
)
TOTAL: list[Callable[[str], object]] = [
    text.clean,
    text.plain,
    text.from_html,
    text.safe_url,
    text.links_in,
    text.code_link,
    text.fold,
    text.slug,
    text.sentences,
    lambda given: text.shorten(given, 300),
    lambda given: text.first_sentences(given, 300),
]


@pytest.mark.parametrize("function", TOTAL)
def test_repetition_costs_no_more_than_its_length(function: Callable[[str], object]) -> None:
    started = perf_counter()
    for piece in HOSTILE:
        function(piece * (100_000 // len(piece)))
    assert perf_counter() - started < 10  # a quadratic path takes minutes


@given(st.text())
@few
def test_clean_text_is_valid_composed_and_one_line(raw: str) -> None:
    cleaned = text.clean(raw)
    cleaned.encode("utf-8")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == " ".join(cleaned.split())
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cs"}


@given(st.text().filter(lambda raw: not tex.has_tex(raw)))
@few
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    assert text.clean(text.clean(raw)) == text.clean(raw)


@given(st.text(alphabet="\\${}^_`'~%ab 1\"c"))
@few
def test_no_mixture_of_tex_signs_raises(raw: str) -> None:
    text.clean(raw)


@given(st.text(), st.integers(-2, 50))
@few
def test_a_shortened_text_is_within_the_limit_and_begins_like_the_whole(raw: str, limit: int) -> None:
    short = text.shorten(raw, limit)
    assert len(short) <= max(limit, 0)
    assert raw.startswith(short.removesuffix("…"))


@given(st.text() | st.from_regex(r"https?://[^\s]{0,40}", fullmatch=True), st.none() | st.just("https://base.example/"))
@few
def test_a_safe_address_is_safe_and_stays_the_same(url: str, base: str | None) -> None:
    safe = text.safe_url(url, base)
    assert safe is None or (safe.startswith(("http://", "https://")) and safe.isascii() and safe.isprintable())
    assert safe is None or text.safe_url(safe) == safe
