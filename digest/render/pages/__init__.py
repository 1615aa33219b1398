"""The site's pages, each as bytes, and what they have in common. A personal topic has no page, anywhere."""

from digest.render.pages.about import Making, about_page
from digest.render.pages.crawlers import robots, sitemaps
from digest.render.pages.editions import (
    edition_page,
    edition_pages,
    topic_archive_page,
    topic_page,
    topics_page,
    topics_pages,
)
from digest.render.pages.frame import STYLE_PATH, Frame, error_page, relative, stylesheet
from digest.render.pages.fronts import TOPICS_SHOWN, archive_page, front_page
from digest.render.pages.papers import paper_page
from digest.render.pages.searching import search_page
from digest.render.pages.sources import Standing, sources_page, sources_pages

__all__ = [
    "STYLE_PATH",
    "TOPICS_SHOWN",
    "Frame",
    "Making",
    "Standing",
    "about_page",
    "archive_page",
    "edition_page",
    "edition_pages",
    "error_page",
    "front_page",
    "paper_page",
    "relative",
    "robots",
    "search_page",
    "sitemaps",
    "sources_page",
    "sources_pages",
    "stylesheet",
    "topic_archive_page",
    "topic_page",
    "topics_page",
    "topics_pages",
]
