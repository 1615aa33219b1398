"""Text as it comes in, and the forms it takes later. Nothing from outside is stored before it went through here.

Every function is total (no `str` makes it raise) and linear in the length of its input.
"""

from digest.text.characters import storable, tidy
from digest.text.cleaning import clean, from_html, plain
from digest.text.links import code_link, links_in, project_link, safe_url
from digest.text.markup import looks_like_html
from digest.text.prose import first_sentences, fold, sentences, shorten, slug, within
from digest.text.summary import SUMMARY, summary_of

__all__ = [
    "SUMMARY",
    "clean",
    "code_link",
    "first_sentences",
    "fold",
    "from_html",
    "links_in",
    "looks_like_html",
    "plain",
    "project_link",
    "safe_url",
    "sentences",
    "shorten",
    "slug",
    "storable",
    "summary_of",
    "tidy",
    "within",
]
