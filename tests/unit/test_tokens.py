"""Readers' links: signed, for one purpose, of one length."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import TokenError
from digest.tokens import (
    LENGTH,
    PLACEHOLDER,
    Purpose,
    address_hash,
    sign,
    sign_feed,
    subscriber_id,
    verify,
    verify_feed,
)
from tests.factories import NOON

ANA = subscriber_id(b"twelve bytes")


def test_a_token_says_whose_it_is() -> None:
    assert verify("key", Purpose.LEAVE, sign("key", Purpose.LEAVE, ANA), now=NOON) == ANA


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.LEAVE])
def test_a_token_for_leaving_opens_nothing_else(purpose: Purpose) -> None:
    with pytest.raises(TokenError, match="not valid"):
        verify("key", purpose, sign("key", Purpose.LEAVE, ANA), now=NOON)


def test_a_token_ends_at_its_minute() -> None:
    token = sign("key", Purpose.CONFIRM, ANA, ends=NOON)
    assert verify("key", Purpose.CONFIRM, token, now=NOON - timedelta(minutes=1)) == ANA
    with pytest.raises(TokenError, match="expired"):
        verify("key", Purpose.CONFIRM, token, now=NOON)


def test_another_secret_makes_another_token() -> None:
    with pytest.raises(TokenError):
        verify("other", Purpose.LEAVE, sign("key", Purpose.LEAVE, ANA), now=NOON)


def test_all_tokens_have_one_length_and_the_url_safe_alphabet() -> None:
    for purpose in Purpose:
        for ends in (None, NOON, NOON + timedelta(days=40_000)):
            token = sign("key", purpose, ANA, ends=ends)
            assert len(token) == LENGTH == len(PLACEHOLDER)
            assert token.replace("-", "").replace("_", "").isalnum()


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="secret is empty"):
        sign("", Purpose.LEAVE, ANA)
    with pytest.raises(ValueError, match="secret is empty"):
        address_hash("", "ana@example.org")


@given(st.integers(0, LENGTH - 1), st.characters())
@settings(max_examples=200, derandomize=True, deadline=None)
def test_a_token_with_any_other_character_in_it_is_refused(place: int, char: str) -> None:
    token = sign("key", Purpose.CONFIRM, ANA, ends=NOON + timedelta(days=1))
    forged = token[:place] + char + token[place + 1 :]
    if forged != token:
        with pytest.raises(TokenError):
            verify("key", Purpose.CONFIRM, forged, now=NOON)


@given(st.text(max_size=80))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(TokenError):
        verify("key", Purpose.LEAVE, text, now=NOON)


def test_a_token_of_the_own_feed_says_whose_it_is_and_which_renewal() -> None:
    assert verify_feed("key", sign_feed("key", ANA, renewals=3)) == (ANA, 3)


def test_a_token_of_the_own_feed_opens_nothing_else_and_no_other_opens_the_feed() -> None:
    with pytest.raises(TokenError):
        verify("key", Purpose.PREFERENCES, sign_feed("key", ANA, renewals=0), now=NOON)
    for purpose in Purpose:
        if purpose is not Purpose.FEED:
            with pytest.raises(TokenError):
                verify_feed("key", sign("key", purpose, ANA))


def test_another_renewal_cannot_be_written_into_a_token_of_the_own_feed() -> None:
    old, new = (sign_feed("key", ANA, renewals=number) for number in (0, 1))
    with pytest.raises(TokenError):
        verify_feed("key", new[:22] + old[22:])


def test_a_token_about_one_thing_opens_no_other() -> None:
    token = sign("key", Purpose.DIGEST, ANA, about="daily:2026-11-20")
    assert verify("key", Purpose.DIGEST, token, now=NOON, about="daily:2026-11-20") == ANA
    for other in ("", "daily:2026-11-21", "weekly:2026-11-20", "däily:2026-11-20", "\ud800"):
        with pytest.raises(TokenError):
            verify("key", Purpose.DIGEST, token, now=NOON, about=other)
