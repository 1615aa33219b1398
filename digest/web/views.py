"""The pages of the doors, rendered for one request and kept by nobody."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache, partial

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from digest.app import App
from digest.model import Cadence, Topic, Value
from digest.render import paths
from digest.render.languages import ENGLISH, Language
from digest.render.pages import STYLE_PATH, relative
from digest.render.templates import Templates, render
from digest.render.views import NOTE, line, name_of
from digest.web.printing import FORMS_STYLE
from digest.work.publishing import ENDED
from digest.work.wishes import cadences, zones

# Deeper than any address of ours: a link back up would only grow with what was asked for.
_DEEPEST = 8
REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
SENTENCES = {
    400: ("This cannot be read", "The form did not arrive as it was sent. Go back, reload the page and try again."),
    403: ("This is not possible", "The request came from another site's page. Open the form here and send it again."),
    404: ("There is no such page", "It may have moved, or the address is not complete."),
    405: ("This is not possible", "The page cannot be asked for in this way."),
    410: ENDED,
    408: ("That took too long", "The form did not arrive in time. Please try again."),
    414: ("That is too much", "What was asked for is longer than any search of ours."),
    413: ("That is too much", "What was sent is larger than any form of ours."),
    415: ("This cannot be read", "The form came in an encoding that we do not know."),
    429: ("Too many at once", "Many forms were sent from your network. Please try again in some minutes."),
    503: ("Please try again", "We could not do it just now. Nothing has been changed."),
}
WRONG = ("This did not work", "Please try again.")


class Choice(Value):
    """A topic on offer; its `cadences` if not all topics come equally often."""

    id: str
    name: str
    description: str
    path: str
    cadences: tuple[Cadence, ...]


class Zones(Value):
    """The time zones of a part of the world: names for people, by their names for machines."""

    region: str
    zones: tuple[tuple[str, str], ...]


class Views:
    """Renders a template of `web/` as the answer to a request."""

    def __init__(self, app: App) -> None:
        self._app = app
        # Four hundred options are most of a form's cost.
        self.zones = lru_cache(64)(self._zones)

    def page(
        self, request: Request, name: str, /, *, status: int = 200, language: str | None = None, **values: object
    ) -> HTMLResponse:
        """Return a page in a reader's language or the site's.

        Its links hold at the request's own address, below whatever path a proxy serves us.
        """
        path = request.scope.get("raw_path", b"/").decode("latin-1").partition("?")[0]
        site = self._app.site
        to = partial(paths.absolute, site) if path.count("/") > _DEEPEST else partial(relative, path)
        full = partial(paths.absolute, site)
        shared = {"site": site, "to": to, "full": full, "style": STYLE_PATH, "forms_style": FORMS_STYLE}
        templates = self.speaking(language)
        headers = {"Content-Language": templates.language.tag}
        return HTMLResponse(render(templates, f"web/{name}.html", **shared, **values), status, headers)

    def speaking(self, language: str | None) -> Templates:
        """Return the templates in a language, or in the site's."""
        return self._app.templates.speaking(language or self._app.site.language)

    def _zones(self, current: str, language: str | None = None) -> Markup:
        """Return the options of a form's time zone."""
        templates = self.speaking(language)
        groups = zone_groups(current, templates.language)
        return Markup(render(templates, "partials/zones.html", groups=groups, current=current))

    def error(self, request: Request, status: int, *, title: str = "", message: str = "") -> HTMLResponse:
        """Return a page that says what went wrong."""
        usual, say = SENTENCES.get(status, WRONG), self.speaking(None).language.say
        heading, told = title or say(usual[0]), message or say(usual[1])
        return self.page(request, "error", status=status, title=heading, message=told)


def zone_groups(current: str, language: Language = ENGLISH) -> tuple[Zones, ...]:
    """Return all zones that are named after a place, and UTC; before them the current one if it is another."""
    groups = _zone_groups(language)
    if current not in zones() or any(current == zone for group in groups for zone, _ in group.zones):
        return groups
    return (Zones(region=language.say("As it is"), zones=((current, current),)), *groups)


def choices(topics: Iterable[Topic], language: Language = ENGLISH) -> list[Choice]:
    """Return topics as they are offered."""
    offered = list(topics)
    uneven = len({cadences(topic) for topic in offered}) > 1
    return [
        Choice(
            id=topic.id,
            name=name_of(topic, language),
            description=line(topic.description, NOTE),
            path=paths.topic_path(topic.id),
            cadences=cadences(topic) if uneven else (),
        )
        for topic in offered
    ]


def offered_cadences(topics: Iterable[Topic]) -> list[Cadence]:
    """Return the cadences that any of the topics has."""
    found = {cadence for topic in topics for cadence in cadences(topic)}
    return [cadence for cadence in Cadence if cadence in found]


@cache
def _zone_groups(language: Language) -> tuple[Zones, ...]:
    by_region = {
        region: tuple((zone, _place(zone)) for zone in sorted(zones()) if zone.startswith(f"{region}/"))
        for region in REGIONS
    }
    groups = [Zones(region=language.say(region), zones=found) for region, found in by_region.items()]
    return (*groups, Zones(region=language.say("No place"), zones=(("UTC", "UTC"),)))


def _place(zone: str) -> str:
    """Return a zone as a place: "Buenos Aires, Argentina"."""
    return ", ".join(reversed(zone.replace("_", " ").split("/")[1:]))
