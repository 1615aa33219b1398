"""A form is a mail that was cut where its reader's own stands; for whoever it is filled in, nothing else differs."""

from __future__ import annotations

import pytest

from digest.render.forms import filled_in, form
from digest.render.quoted import quoted

ANA, BO = [b"a" * 44, b"name-of_ana"], [b"b" * 44, b"name-of_bo1"]


def mail(own: list[bytes], before: int = 0) -> bytes:
    """A mail with a link that holds a token, encoded, `before` characters into it."""
    token, name = own
    link = f"https://papers.example/{'x' * before}/{token.decode()}/end?a=b"
    head, body = b"Message-ID: <" + name + b"@papers.example>\r\n", b"Hello.\r\n" + quoted(link).encode()
    return head + b"List-Unsubscribe: <" + token + b">\r\n\r\n" + body + b"\r\n"


@pytest.mark.parametrize("before", range(80))
def test_another_readers_mail_comes_out_as_if_it_were_made_for_them(before: int) -> None:
    cut = form(mail(ANA, before), ANA)
    assert b"".join(filled_in(cut, ANA)) == mail(ANA, before)
    assert b"".join(filled_in(cut, BO)) == mail(BO, before)


@pytest.mark.parametrize("own", [[b"b" * 43, BO[1]], [b"b" * 43 + b"\n", BO[1]], [b"=" * 44, BO[1]], [BO[0]]])
def test_what_has_another_shape_does_not_fit(own: list[bytes]) -> None:
    with pytest.raises(ValueError, match="another shape"):
        filled_in(form(mail(ANA), ANA), own)


def test_what_an_encoding_could_touch_cannot_be_cut_out() -> None:
    with pytest.raises(ValueError, match="as they are"):
        form(b"To: ana@example.org\r\n", [b"ana@example.org"])
