"""The mail: one or several editions, in HTML and in plain text that says the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import RenderError
from digest.model import Edition, Links, Paper, SubscriberId
from digest.render.blocks import HTML_LIMIT, Block, Shelf, Slot
from digest.render.mail import MailCore, compose, html_for, text_for
from digest.render.plates import mark
from digest.render.templates import environment
from tests.factories import make_edition, make_paper, make_pick, make_site, make_topic
from tests.pages import ENV, SOURCES, foreign, links, make_envelope, make_picks, outline_is_sound, parsed, part, texts

SITE = make_site(contact="hello@digest.example", postal="Digest, 1 Example Street, 12345 Town")
READER = make_envelope()
AGENTS = make_topic("agents", name="Agents")
MINE = make_topic("mine", name="My own", owner=SubscriberId("s1"))


def mail(*editions: Edition) -> MailCore:
    return compose(ENV, SITE, editions)


def page(*editions: Edition) -> Any:
    return parsed(html_for(mail(*editions), READER))


def text(*editions: Edition) -> str:
    return text_for(mail(*editions), READER)


def one(number: int = 3, **changes: Any) -> Edition:
    return make_edition(*make_picks(number), **{"considered": 112, "matched": 20, **changes})


def with_paper(paper: Paper) -> Edition:
    return make_edition(make_pick(paper))


# The subject


@pytest.mark.parametrize(
    ("number", "subject"),
    [
        (0, "The KV cache: nothing new"),
        (1, "The KV cache: Paper 1"),
        (2, "The KV cache: Paper 1 and 1 more"),
        (9, "The KV cache: Paper 1 and 8 more"),
    ],
)
def test_the_subject_says_the_first_pick_and_how_many_more(number: int, subject: str) -> None:
    assert mail(one(number)).subject == subject


def test_a_digest_of_several_topics_counts_all_their_papers() -> None:
    assert mail(one(3), one(4, topic=AGENTS)).subject == "Paper 1 and 6 more"
    assert mail(one(0), one(0, topic=AGENTS)).subject == "Nothing new"


def test_a_long_title_leaves_room_for_the_count() -> None:
    edition = make_edition(make_pick(make_paper("Words " * 60)), *make_picks(8))
    subject = mail(edition).subject
    assert len(subject) <= 78
    assert subject.endswith("… and 8 more")


# What it says


def test_html_and_text_say_the_same() -> None:
    known = Links(abstract="https://arxiv.org/abs/1", pdf="https://arxiv.org/pdf/1", code="https://github.com/a/b")
    paper = make_paper("A & B <are> letters", authors=("A. Ruiz", "B. Li"), links=known)
    edition = make_edition(make_pick(paper), note="Read it twice.", health="1 source was behind", considered=9)
    root, plain = page(edition), " ".join(text(edition).split())
    shown = [*texts(root, ".//h3"), *texts(root, ".//h3/../p"), *texts(root, ".//td[@class='why']")]
    assert "A & B <are> letters" in shown
    assert "A. Ruiz and B. Li" in shown
    for piece in ("A & B <are> letters", "A. Ruiz and B. Li", "What A & B <are> letters says.", "Matches “KV cache”."):
        assert piece in plain
        assert any(piece in line for line in shown)
    assert set(re.findall(r"https?://\S+", plain)) == {link for link in links(root) if not link.startswith("mailto")}
    for line in ("Read it twice.", "1 source was behind.", "A quiet day: 1 paper picked from the 9 we saw."):
        assert line in plain
        assert line in " ".join(texts(root, ".//td"))


def test_the_first_words_are_the_sites_name_and_the_lead() -> None:
    assert texts(page(one(9)), ".//td")[1].startswith("Digest 9 papers picked from the 112 we saw.")
    assert text(one(9)).startswith("9 papers picked from the 112 we saw.\n")


def test_a_digest_has_a_section_for_each_topic() -> None:
    root = page(one(3), one(2, topic=AGENTS, label="2026-W47"))
    assert texts(root, ".//h2") == ["The KV cache", "Agents"]
    assert texts(root, ".//h3") == ["Paper 1", "Paper 2", "Paper 3", "Paper 1", "Paper 2"]
    assert "5 papers on 2 topics: The KV cache and Agents." in texts(root, ".//td")[1]
    assert "Week 47, 16 to 22 November 2026" in texts(root, ".//p")


def test_an_empty_section_says_so() -> None:
    root = page(one(3), one(0, topic=AGENTS, considered=31, matched=0))
    assert "Nothing new: none of the 31 papers we saw fits this topic." in texts(root, ".//p")


def test_a_withdrawn_paper_says_so() -> None:
    edition = with_paper(make_paper(withdrawn=True))
    assert "Withdrawn by its authors." in texts(page(edition), ".//p")
    assert "Withdrawn by its authors." in text(edition)


def test_a_paper_without_any_address_is_still_a_paper() -> None:
    root = page(with_paper(make_paper("No link")))
    assert texts(root, ".//h3") == ["No link"]
    assert root.find(".//h3/a") is None


def test_a_reader_finds_why_the_mail_came_and_the_way_out() -> None:
    for shown in (" ".join(texts(page(one()), ".//p")), " ".join(text(one()).split())):
        assert "You get this mail because you asked Digest for papers on The KV cache." in shown
        assert "Digest, 1 Example Street, 12345 Town" in shown
    assert {READER.unsubscribe_url, READER.preferences_url} <= set(links(page(one())))
    assert f"Unsubscribe: {READER.unsubscribe_url}\n" in text(one())


def test_plain_text_is_72_columns_wide_but_for_addresses() -> None:
    paper = make_paper("Title " * 40, abstract="A sentence of some words. " * 10, authors=("A. Ruiz",) * 9)
    wide = [line for line in text(with_paper(paper)).splitlines() if len(line) > 72]
    assert all("https://" in line for line in wide)


# What belongs to the reader alone


def test_only_the_footers_links_differ_between_readers() -> None:
    core = mail(one())
    other = make_envelope(**{f"{slot}_url": f"https://digest.example/{slot}/2" for slot in Slot})
    expected = text_for(core, READER)
    for slot in Slot:
        expected = expected.replace(READER.link(slot), other.link(slot))
    assert text_for(core, other) == expected
    slots = [place for place, piece in enumerate(core.html) if isinstance(piece, Slot)]
    assert {core.html[place] for place in slots} == set(Slot)
    assert slots[0] > len(core.html) - 2 * len(Slot) - 1


def test_a_link_is_escaped_in_html_and_not_in_text() -> None:
    core = mail(one())
    assert "?tab=1&amp;lang=en" in html_for(core, READER)
    assert "?tab=1&lang=en" in text_for(core, READER)


def test_a_title_that_looks_like_a_slot_stays_a_title() -> None:
    fakes = [make_pick(make_paper(mark(name), abstract=mark(name))) for name in (*Slot, "body", "seam")]
    edition = make_edition(*fakes, topic=make_topic(name=mark("body")))
    core = mail(edition)
    assert len([piece for piece in core.html if isinstance(piece, Slot)]) == len(Slot)
    assert texts(page(edition), ".//h3") == [*Slot, "body", "seam"]


def test_a_personal_topic_shows_no_address_of_its_own() -> None:
    edition = make_edition(*make_picks(200), topic=MINE, considered=300, matched=200)
    core, root = mail(edition), page(edition)
    assert (core.list.topic, core.list.page, core.list.archive) == (None, None, "https://digest.example/")
    assert not [link for link in [*links(root), text(edition)] if "/topics/" in link]
    assert re.search(r"\d+ more were left out to keep this mail short\.", text(edition))


# Size


def shown_and_more(edition: Edition) -> tuple[int, int]:
    root = page(edition)
    more = [int(line.split()[0]) for line in texts(root, ".//a") if line.endswith("more on the web")]
    return len(root.findall(".//h3")), sum(more)


@pytest.mark.parametrize("number", [1, 40, 500])
def test_a_mail_is_never_clipped_and_says_how_many_more_there_are(number: int) -> None:
    paper = make_paper(abstract="Many words, well said. " * 20)
    edition = make_edition(*[make_pick(paper)] * number, considered=number, matched=number)
    assert len(html_for(mail(edition), READER).encode()) <= HTML_LIMIT
    shown, more = shown_and_more(edition)
    assert shown + more == number
    assert shown >= min(number, 30)
    assert text(edition).count("Why: ") == shown


def test_papers_are_left_out_from_the_end_of_each_section() -> None:
    root = page(*(make_edition(*make_picks(60), topic=make_topic(f"t{number}")) for number in range(3)))
    ranks = [int(line) for line in texts(root, ".//td[@class='number']")]
    shown = len(ranks) // 3
    assert ranks == [*range(1, shown + 1)] * 3


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 80), min_size=1, max_size=40), st.sampled_from(["word ", '"&<', "\U0001f52d", "سلام "]))
def test_no_set_of_topics_and_no_alphabet_makes_a_mail_too_large(sizes: Sequence[int], letters: str) -> None:
    paper = make_paper(letters * 400, abstract=letters * 400, authors=(letters * 100,) * 9)
    pick = make_pick(paper, reasons=(letters * 99,))
    topics = [make_topic(f"t{place}", name=letters * 40) for place in range(len(sizes))]
    editions = [make_edition(*[pick] * size, topic=topic) for size, topic in zip(sizes, topics, strict=True)]
    assert len(html_for(mail(*editions), READER).encode()) <= HTML_LIMIT


def test_topics_beyond_thirty_are_counted() -> None:
    editions = [one(1, topic=make_topic(f"t{number}")) for number in range(32)]
    assert len(page(*editions).findall(".//h2")) == 30
    assert "2 more topics have new papers" in " ".join(text(*editions).split())


def test_notes_that_fill_a_mail_are_an_error() -> None:
    editions = [one(1, topic=make_topic(f"t{number}"), note="&" * 600, health="&" * 600) for number in range(30)]
    with pytest.raises(RenderError, match="without any paper"):
        mail(*editions)


# Form


@pytest.mark.parametrize("editions", [(one(0),), (one(3),), (one(3), one(2, topic=AGENTS))])
def test_a_mail_is_sound_for_readers_of_every_kind(editions: tuple[Edition, ...]) -> None:
    root = page(*editions)
    assert outline_is_sound(root)
    assert root.attrib["lang"] == "en"
    assert list(foreign(root)) == []
    assert {table.attrib.get("role") for table in root.iterfind(".//table")} == {"presentation"}
    assert part(root, ".//title").text == mail(*editions).subject


def test_a_mail_loads_nothing_and_hides_nothing() -> None:
    html = html_for(mail(one()), READER)
    for word in ("<img", "<link", "<script", "url(", "@import", "@font-face", "display:none", "display: none"):
        assert word not in html


def test_the_one_style_element_is_small_and_behind_the_charset() -> None:
    html = html_for(mail(one()), READER)
    styles = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
    assert [len(style) < 16_000 for style in styles] == [True]
    assert html.index("charset") < min(html.index("<style"), 1024)


def test_what_matters_is_styled_without_the_style_element() -> None:
    cell = part(page(one()), ".//td[@class='why']")
    assert "border-left" in cell.attrib["style"]


def test_no_cell_or_paragraph_has_a_margin() -> None:
    styles = " ".join(element.attrib.get("style", "") for element in page(one()).iter())
    assert set(re.findall(r"margin[a-z-]*: ([^;]+)", styles)) == {"0"}


def test_the_same_editions_give_the_same_mail() -> None:
    assert mail(one(5), one(2, topic=AGENTS)) == mail(one(5), one(2, topic=AGENTS))


def test_what_one_mail_printed_serves_the_next_without_changing_it() -> None:
    editions = (one(5), one(2, topic=AGENTS), one(4, topic=MINE))
    shelf = Shelf()
    for edition in editions:
        compose(ENV, SITE, [edition], shelf=shelf)
    kept = len(shelf)
    assert compose(ENV, SITE, editions, shelf=shelf) == mail(*editions)
    assert len(shelf) == kept + len(editions)  # their heads differ beside others, their papers do not


def test_a_shelf_keeps_what_was_asked_for_last_and_no_more_than_it_holds() -> None:
    shelf, block = Shelf(limit=5000), Block.of(b"x" * 1000, b"")
    for number in range(100):
        shelf.put((number,), block, [block])
        assert shelf.get((0,)) == block
    assert len(shelf) == 3
    assert [number for number in range(100) if shelf.get((number,))] == [0, 98, 99]


# Errors


def test_an_unknown_layout_is_refused_with_those_there_are() -> None:
    with pytest.raises(RenderError, match="no mail layout is called 'poster'") as caught:
        compose(ENV, SITE, [one()], layout="poster")
    assert caught.value.hint == "choose one of: cards, compact, titles"


def test_a_mail_about_nothing_is_refused() -> None:
    with pytest.raises(RenderError, match="needs an edition"):
        mail()


@pytest.mark.parametrize(
    ("name", "printed", "message"),
    [
        ("mail/digest.html", "{{ unsubscribe_url }}", "mail/digest.html prints no unsubscribe_url"),
        ("mail/digest.txt", "{{ unsubscribe_url }}", "mail/digest.txt prints no unsubscribe_url"),
        ("mail/digest.html", "{{ body }}", "prints no body"),
        ("partials/section.txt", "{{ body }}", "prints no body"),
    ],
)
def test_a_template_that_leaves_out_what_must_be_there_is_refused(name: str, printed: str, message: str) -> None:
    own = environment({**SOURCES, name: SOURCES[name].replace(printed, "")})
    with pytest.raises(RenderError, match=message):
        compose(own, SITE, [one()])
