"""Services that count something about papers: votes, stars, points, citations. Pure; asking them is another stage.

A new one is a module with a `Meter`, a line in `METERS`, and its switch in the settings.
"""

from __future__ import annotations

from digest.sources.signals.base import LOOKS, Limit, Meter, Numbers, Question, Subject
from digest.sources.signals.github import GitHub
from digest.sources.signals.hackernews import HackerNews
from digest.sources.signals.huggingface import HuggingFace
from digest.sources.signals.openalex import OpenAlex
from digest.sources.signals.semanticscholar import SemanticScholar

__all__ = ["LOOKS", "METERS", "Limit", "Meter", "Numbers", "Question", "Subject"]

METERS: tuple[Meter, ...] = (HuggingFace(), GitHub(), HackerNews(), SemanticScholar(), OpenAlex())
"""The meters by the order of their switches."""
