"""The doors: where a reader joins, confirms, leaves, and changes what comes.

GET only ever shows. A door answers the same for every address; a link is good for one purpose and one reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from time import monotonic
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest.app import App
from digest.errors import NotFoundError
from digest.model import Cadence, Phrase, SubscriberId
from digest.render import paths, words
from digest.render.views import FEEDS
from digest.text import shorten, tidy
from digest.tokens import Purpose, sign, verify
from digest.web import forms, own
from digest.web import mailed as page_of_mail
from digest.web.views import Views, choices, offered_cadences
from digest.web.visitors import Buckets, from_elsewhere, visitor
from digest.work import feeds, mailed, personal, subscribing
from digest.work.messages import ACCESS_FOR
from digest.work.personal import Step
from digest.work.subscribing import Preferences
from digest.work.wishes import LONGEST_ADDRESS, RefusedError

T = TypeVar("T")
Problems = Mapping[str, Phrase | str]
# Longer than the store takes for any address, so that the time of an answer tells nothing about it.
PACE = timedelta(milliseconds=250)
# A class at a university joins from one address; a list of other people's mailboxes is longer.
POSTS_FROM_ONE, ONE_EVERY = 20, timedelta(seconds=15)
POSTS_FROM_ALL, ALL_EVERY = 300, timedelta(seconds=1)


class Doors:
    """The handlers, with what they share. `pace` is how long an answer that could give something away takes."""

    def __init__(self, app: App, views: Views, *, pace: timedelta = PACE) -> None:
        self._app, self._views, self._pace = app, views, pace
        self._from_one = Buckets(POSTS_FROM_ONE, ONE_EVERY)
        self._from_all = Buckets(POSTS_FROM_ALL, ALL_EVERY)

    def routes(self) -> list[Route]:
        both = ["GET", "POST"]
        return [
            Route("/subscribe", self.subscribe, methods=both),
            Route("/confirm/{token}", self.confirm, methods=both),
            Route("/leave/{token}", self.leave, methods=both),
            Route(paths.PREFERENCES, self.ask, methods=both),
            Route(f"{paths.PREFERENCES}{{token}}", self.preferences, methods=both),
            Route(f"{paths.MAILED}{{cadence}}/{{day}}/{{token}}", self.mailed, methods=both),
            Route("/healthz", self.health),
        ]

    async def subscribe(self, request: Request) -> Response:
        if request.method != "POST":
            language = self._spoken(request.query_params.get("language", ""))
            return await self._form(request, {"topics": request.query_params.getlist("topic")}, language=language)
        form = await self._posted(request)
        language = self._spoken(forms.text(form, "language"))
        asked = {name: forms.text(form, name) for name in ("address", "cadence", "hour", "zone")}
        topics = forms.texts(form, "topic")
        try:
            await self._paced(form, lambda: subscribing.join(self._app, **asked, topics=topics, language=language))
        except RefusedError as error:
            given = {**asked, "topics": topics, "opened": forms.text(form, forms.STAMP)}
            return await self._form(request, given, error.problems, language=language)
        return self._views.page(request, "sent", language=language, kind="confirm")

    async def confirm(self, request: Request) -> Response:
        reader = self._reader(request, Purpose.CONFIRM)
        waiting = await run_in_threadpool(subscribing.waiting, self._app, reader)
        if request.method == "POST":
            await self._posted(request)
            await run_in_threadpool(subscribing.confirm, self._app, reader)
        elif waiting:
            language = await self._language_of(reader)
            topics = choices(waiting, self._views.speaking(language).language)
            return self._views.page(request, "confirm", language=language, topics=topics)
        return await self._settled(request, reader, just_now=bool(waiting))

    async def leave(self, request: Request) -> Response:
        """RFC 8058: whoever holds the link leaves by one POST, whatever its body, from wherever it comes."""
        reader = self._reader(request, Purpose.LEAVE)
        language = await self._language_of(reader)
        if request.method != "POST":
            return self._views.page(request, "leave", language=language)
        await forms.drain(request)
        await run_in_threadpool(subscribing.leave, self._app, reader)
        return self._views.page(request, "left", language=language)

    async def ask(self, request: Request) -> Response:
        if request.method != "POST":
            return self._ask(request)
        form = await self._posted(request)
        address = forms.text(form, "address")
        try:
            await self._paced(form, lambda: subscribing.ask_for_access(self._app, address))
        except RefusedError as error:
            return self._ask(request, address, error.problems, forms.text(form, forms.STAMP))
        return self._views.page(request, "sent", kind="access")

    async def preferences(self, request: Request) -> Response:
        reader = self._reader(request, Purpose.PREFERENCES)
        found = await run_in_threadpool(subscribing.preferences, self._app, reader)
        if request.method != "POST":
            return await self._preferences(request, found)
        form = await self._posted(request)
        if own.asked(form):
            return await self._own(request, reader, form)
        if forms.text(form, "feed") == "renew":
            await run_in_threadpool(feeds.renew, self._app, reader)
            return await self._preferences(request, found, renewed=True)
        held = {"language": found.subscriber.language, "layout": found.subscriber.layout}
        asked = {name: forms.text(form, name) for name in ("cadence", "hour", "zone")}
        asked |= {name: forms.text(form, name) or value for name, value in held.items()}
        topics, paused = forms.texts(form, "topic"), forms.text(form, "paused") == "yes"
        try:
            changed = await run_in_threadpool(
                subscribing.change, self._app, reader, **asked, topics=topics, paused=paused
            )
        except RefusedError as error:
            given = {**asked, "topics": topics, "paused": paused}
            return await self._preferences(request, found, given, error.problems)
        return await self._preferences(request, changed, saved=True)

    async def _own(self, request: Request, reader: SubscriberId, form: FormData) -> Response:
        """Change a reader's own topic, and show what that did. The last step can be taken back."""
        try:
            step, problems = await run_in_threadpool(own.take, self._app, reader, form), None
        except RefusedError as error:
            step, problems = None, error.problems
        found = await run_in_threadpool(subscribing.preferences, self._app, reader)
        return await self._preferences(request, found, None, problems, step=step, typed=form if problems else None)

    async def mailed(self, request: Request) -> Response:
        """Show a mail again, and take what its reader says of its papers."""
        slot = "{cadence}:{day}".format_map(request.path_params)
        reader = self._reader(request, Purpose.DIGEST, slot)
        taken, problems = None, None
        if request.method == "POST":
            form = await self._posted(request)
            try:
                taken = await run_in_threadpool(page_of_mail.take, self._app, reader, slot, form)
            except RefusedError as error:
                problems = error.problems
        found = await run_in_threadpool(mailed.mailed, self._app, reader, slot)
        language = await self._language_of(reader)
        return self._views.page(
            request,
            "mailed",
            status=400 if problems else 200,
            language=language,
            mail=page_of_mail.view(found, slot, taken, self._views.speaking(language).language),
            problems=self._sentences(problems, language),
        )

    async def health(self, request: Request) -> Response:
        await run_in_threadpool(self._app.store.schema_version)
        return PlainTextResponse("ok\n")

    # In which language

    def _spoken(self, tag: str) -> str:
        """Return a language that is asked for, if we speak it, else the site's."""
        return tag if tag in self._app.templates.languages else self._app.site.language

    async def _language_of(self, reader: SubscriberId) -> str | None:
        """Return a reader's language, None for one who was erased."""
        try:
            return (await run_in_threadpool(self._app.store.subscriber, reader)).language
        except NotFoundError:
            return None

    def _languages(self) -> list[tuple[str, str]]:
        """Return the languages to choose from, by tag, with what each calls itself."""
        return [(tag, one.name) for tag, one in self._app.templates.languages.items()]

    def _sentences(self, problems: Problems | None, language: str | None = None) -> dict[str, str]:
        spoken = self._views.speaking(language).language
        return {field: words.sentence(spoken.of(why)) for field, why in (problems or {}).items()}

    # Who may do it

    async def _posted(self, request: Request) -> FormData:
        """Return the form, unless another site's page sent it or too many came. Raises HTTPException."""
        if from_elsewhere(request, self._app.site.url):
            raise HTTPException(403)
        wait = self._from_one.take(visitor(request.scope, self._app.settings.web.trusted_proxies))
        wait = wait or self._from_all.take("")
        if wait:
            raise HTTPException(429, headers={"Retry-After": str(int(wait) + 1)})
        return await forms.read(request)

    def _reader(self, request: Request, purpose: Purpose, about: str = "") -> SubscriberId:
        """Return whose link it is. Raises TokenError."""
        token = request.path_params["token"]
        return verify(self._app.settings.site.secret, purpose, token, now=self._app.now(), about=about)

    async def _paced(self, form: FormData, verb: Callable[[], None]) -> None:
        """Do it if a person may have filled the form, and take the same time in any case. A refusal comes at once."""
        began = monotonic()
        if forms.by_hand(form, self._app.settings.site.secret, self._app.now()):
            await run_in_threadpool(verb)
        await asyncio.sleep(max(0, began + self._pace.total_seconds() - monotonic()))

    # What is shown

    async def _form(
        self, request: Request, given: Mapping[str, object], problems: Problems | None = None, *, language: str
    ) -> Response:
        settings = self._app.settings.site
        topics = await run_in_threadpool(subscribing.offered, self._app)
        cadences = offered_cadences(topics)
        usual = {
            "address": "",
            "cadence": cadences[0] if cadences else Cadence.DAILY,
            "hour": "7",
            "zone": settings.zone,
            "opened": forms.stamp(settings.secret, self._app.now()),
        }
        values = {**usual, **given}
        alone = [topics[0].id] if len(topics) == 1 else []
        return self._views.page(
            request,
            "subscribe",
            status=400 if problems else 200,
            language=language,
            languages=self._languages(),
            topics=choices(topics),
            cadences=cadences,
            zones=self._views.zones(str(values["zone"])[:64], language),
            given={**values, "topics": values["topics"] or alone, "address": _shown(values["address"])},
            problems=self._sentences(problems, language),
            longest=LONGEST_ADDRESS,
        )

    def _ask(self, request: Request, address: str = "", problems: Problems | None = None, opened: str = "") -> Response:
        fresh = forms.stamp(self._app.settings.site.secret, self._app.now())
        return self._views.page(
            request,
            "ask",
            status=400 if problems else 200,
            given={"address": _shown(address), "opened": opened or fresh},
            problems=self._sentences(problems),
            longest=LONGEST_ADDRESS,
        )

    async def _settled(self, request: Request, reader: SubscriberId, *, just_now: bool) -> Response:
        """Show that a reader is subscribed. Raises NotFoundError if not.

        Who has just confirmed sees to what, and gets the key to change it. The same link shows neither later: a letter
        that is passed on must not pass on the reader.
        """
        found = await run_in_threadpool(subscribing.preferences, self._app, reader)
        if not found.active:
            raise NotFoundError("there is nothing to confirm")
        active = [topic for topic in found.topics if topic.id in found.active]
        secret, ends = self._app.settings.site.secret, self._app.now() + ACCESS_FOR
        key = f"{paths.PREFERENCES}{sign(secret, Purpose.PREFERENCES, reader, ends=ends)}"
        return self._views.page(
            request,
            "confirmed",
            language=found.subscriber.language,
            topics=choices(active, self._views.speaking(found.subscriber.language).language) if just_now else [],
            reader=found.subscriber if just_now else None,
            preferences=key if just_now else paths.PREFERENCES,
        )

    async def _preferences(
        self,
        request: Request,
        found: Preferences,
        given: Mapping[str, object] | None = None,
        problems: Problems | None = None,
        *,
        saved: bool = False,
        step: Step | None = None,
        typed: FormData | None = None,
        renewed: bool = False,
    ) -> Response:
        reader = found.subscriber
        stem = await run_in_threadpool(feeds.reader_stem, self._app, reader.id)
        mine = await run_in_threadpool(personal.own, self._app, reader.id)
        spoken = self._views.speaking(reader.language).language
        held = {
            "topics": found.active | found.pending,
            "cadence": reader.cadence,
            "hour": str(reader.send_hour),
            "zone": reader.zone,
            "paused": reader.paused,
            "layout": reader.layout,
            "language": spoken.tag,
        }
        shown = {**held, **(given or {})}
        return self._views.page(
            request,
            "preferences",
            status=400 if problems else 200,
            language=reader.language,
            languages=self._languages(),
            topics=choices(found.topics, spoken),
            cadences=offered_cadences(found.topics),
            zones=self._views.zones(str(shown["zone"])[:64], reader.language),
            given=shown,
            problems=self._sentences(problems, reader.language),
            saved=saved,
            own=own.view(mine, step, typed, spoken),
            addresses=[(name, paths.absolute(self._app.site, f"{stem}.{kind}")) for kind, name in FEEDS.items()],
            renewed=renewed,
            leave=paths.leave_path(sign(self._app.settings.site.secret, Purpose.LEAVE, reader.id)),
        )


def _shown(text: object) -> str:
    """Return what was typed as it may be shown again."""
    return shorten(tidy(str(text)), LONGEST_ADDRESS)
