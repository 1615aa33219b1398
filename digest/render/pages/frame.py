"""What all pages share: their head, the way around the site, and how a link is written.

Links within the site are relative, so that it may live below any path. What is used away from the page (its canonical
address, the feeds that programs find in its head) is absolute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from jinja2 import Environment

from digest.errors import RenderError
from digest.model import ALL, LATE, RISING, Site, Topic, Value
from digest.render import archives, paths
from digest.render.templates import render
from digest.render.views import FEEDS, FeedLink

STYLE_PATH = paths.STYLE
FEED_NAMES = {ALL: "All topics", RISING: "Rising", LATE: "Late bloomers"}


class NavView(Value):
    """A way around the site; `here` where the page is that one, or stands below it."""

    label: str
    target: str
    here: bool


@dataclass(frozen=True)
class Frame:
    """A site's pages. `search` says that a server answers searches, `by_mail` that its topics can be had by mail."""

    env: Environment
    site: Site
    search: bool = False
    by_mail: bool = False

    def page(
        self,
        template: str,
        path: str,
        *,
        title: str,
        description: str,
        section: str = "",
        feeds: Sequence[FeedLink] = (),
        indexed: bool = True,
        **values: object,
    ) -> bytes:
        """Return the page at `path`, which belongs to a `section` of the site. Raises RenderError."""
        shared = {
            "canonical": paths.absolute(self.site, path),
            "nav": self._nav(section),
            "search_path": paths.SEARCH if self.search else None,
            "indexed": indexed,
        }
        given = {
            **shared,
            "title": title,
            "description": description,
            "feeds": tuple(feeds) or site_feeds(ALL),
            **values,
        }
        return _rendered(self.env, template, self.site, partial(relative, path), **given)

    def subscribe(self, topic: Topic | None = None) -> str | None:
        """Return where a reader asks for mail, None if there is none."""
        return paths.subscribe_path(topic.id if topic else None) if self.by_mail else None

    def _nav(self, section: str) -> list[NavView]:
        ways = {"Today": "/", "Topics": paths.TOPICS, "Archive": paths.ARCHIVE}
        if self.search:
            ways["Search"] = paths.SEARCH
        ways |= {"Sources": paths.SOURCES, "About": paths.ABOUT}
        return [NavView(label=label, target=target, here=target == section) for label, target in ways.items()]


def site_feeds(feed: str) -> tuple[FeedLink, ...]:
    """Return one of the feeds over all topics, in each format, by their paths."""
    stem, name = archives.stem_of(feed), FEED_NAMES[feed]
    return tuple(
        FeedLink(
            label=label, target=f"{stem}.{extension}", type=paths.FEED_FORMATS[extension], title=f"{name} ({label})"
        )
        for extension, label in FEEDS.items()
    )


def error_page(env: Environment, site: Site, *, title: str, message: str) -> bytes:
    """Return a page that says what went wrong. Its links are absolute: it may answer for any address."""
    return _rendered(env, "web/error.html", site, partial(paths.absolute, site), title=title, message=message)


def stylesheet(env: Environment) -> bytes:
    """Return the stylesheet of all pages, which link to it as STYLE_PATH. Raises RenderError."""
    return render(env, "web/style.css").encode()


def relative(path: str, target: str) -> str:
    """Return the link from the page at `path` to `target`, both paths on the site."""
    return ("../" * (path.partition("?")[0].count("/") - 1) or "./") + target.removeprefix("/")


def public(topic: Topic, path: str) -> str:
    """Return the path of a page about a topic. Raises RenderError for a personal one, which has no page anywhere."""
    if topic.owner is not None:
        raise RenderError(f"topic {topic.id!r} is personal: it has no page")
    return path


def _rendered(env: Environment, template: str, site: Site, to: Callable[[str], str], **values: object) -> bytes:
    """Render a page; `to` makes a link of a path on the site, `full` an address."""
    full = partial(paths.absolute, site)
    return render(env, template, site=site, to=to, full=full, style=STYLE_PATH, **values).encode()
