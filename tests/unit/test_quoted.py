"""Quoted-printable in pieces: any text comes back, and no piece spoils the next."""

from __future__ import annotations

import quopri

from hypothesis import example, given
from hypothesis import strategies as st

from digest.render.quoted import quoted, size, unquoted

# What the encoding has to look at, more often than chance would bring it.
TEXTS = st.lists(
    st.one_of(st.text(max_size=30), st.sampled_from(["=", ".", " ", "\t", "\n", "é", "word " * 14])), max_size=12
)


@given(TEXTS.map("".join))
@example("." * 200)
@example("x" * 75 + "\n" + "x" * 76)
@example("x" * 73 + " \t\n")
def test_a_text_comes_back_from_lines_that_mail_can_carry(text: str) -> None:
    piece = quoted(text)
    plain = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    assert quopri.decodestring(piece.encode()).replace(b"\r\n", b"\n") == plain
    lines = piece.split("\r\n")
    assert lines.pop() == ""
    assert piece.isascii()
    assert not [line for line in lines if len(line) > 76 or line.startswith(".") or line[-1:] in (" ", "\t")]
    assert not {"\r", "\n"} & {character for line in lines for character in line}


@given(st.lists(st.text(max_size=90), max_size=5))
def test_pieces_in_a_row_are_the_texts_in_a_row(texts: list[str]) -> None:
    plain = [text.replace("\r", "").encode("utf-8", "replace").decode() for text in texts]
    pieces = "".join(map(quoted, plain)).encode()
    assert unquoted(pieces) == "".join(plain)
    assert size(pieces) == len("".join(plain).replace("\n", "\r\n").encode())
