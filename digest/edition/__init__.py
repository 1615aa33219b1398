"""Editions: when one is due, which papers are its window, what it holds, and how editions share papers in a digest."""

from digest.edition.calendar import CATCH_UP, LOOK_BACK, Calendar, Quiet, Window, due, instant, window
from digest.edition.composing import ACROSS_TOPICS, compose, release, share
from digest.edition.desk import ordered, pinned, unpinned

__all__ = [
    "ACROSS_TOPICS",
    "CATCH_UP",
    "LOOK_BACK",
    "Calendar",
    "Quiet",
    "Window",
    "compose",
    "due",
    "instant",
    "ordered",
    "pinned",
    "release",
    "share",
    "unpinned",
    "window",
]
