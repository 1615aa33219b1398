"""How fast mails are made: `python -m tests.bench.mail [SUBSCRIBERS]`.

Prints microseconds for a digest of 20 papers: printed anew, from papers that are on the shelf, for one more reader, and
made the ordinary way (Jinja, css-inline, EmailMessage); then mails a second and peak memory for so many subscribers,
100,000 unless told, who each have a set of topics of their own. The budgets: anew at most 1,200 and 3.5 times as fast
as the ordinary way; from the shelf at most 100.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import css_inline
import jinja2

from digest.app import App, opened
from digest.config.settings import Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.model import Delivery, DeliveryId, DeliveryState, Digest, DigestId, Edition, Layout, Post, Subscriber
from digest.render.blocks import Shelf
from digest.render.mail import compose
from digest.render.mime import encode, message
from digest.render.plates import mark
from digest.render.views import edition_view
from digest.tokens import subscriber_id
from digest.work.messages import Messages
from tests.bench.store import sample
from tests.factories import NOON, make_edition, make_pick, make_site, make_topic
from tests.pages import ENV, SOURCES, make_envelope

PAPERS, TOPICS, EACH = 20, 100, 4
SITE = make_site(contact="hello@digest.example", postal="Digest, 1 Example Street")
POST = Post(sender="digest@digest.example", letters="confirm@digest.example")
READER = make_envelope()


def editions(count: int) -> list[Edition]:
    papers = sample(count * PAPERS).papers
    return [
        make_edition(
            *(
                make_pick(paper, rank=rank, score=rank / 100 + place / 1e6, summary=(paper.abstract or "")[:400])
                for rank, paper in enumerate(papers[place * PAPERS : (place + 1) * PAPERS], 1)
            ),
            topic=make_topic(f"topic-{place}", name=f"Topic {place}"),
            considered=400,
            matched=60,
        )
        for place in range(count)
    ]


def best(make: Callable[[], object], *, rounds: int = 100) -> float:
    """Return the least processor time of a call, in microseconds: a busy machine adds to all but the best."""
    found = []
    for _ in range(rounds):
        start = time.thread_time()
        make()
        found.append(time.thread_time() - start)
    return min(found) * 1e6


def ordinary(edition: Edition) -> bytes:
    """Make a mail as most would: render both forms, inline the whole, let the library put it together."""
    view = edition_view(edition)
    shared = {"site": SITE, "to": lambda path: SITE.url + path, "language": "en", "layout": "cards"}
    forms = []
    for frame, section, paper in (
        ("mail/digest.html", "partials/section.mail.html", "partials/paper.mail.html"),
        ("mail/digest.txt", "partials/section.txt", "partials/paper.txt"),
    ):
        papers = "".join(PLAIN.get_template(paper).render(paper=one) for one in view.papers)
        place = {"edition": view, "first": True, "alone": True, "more": 0, "empty": False, "body": mark("body")}
        body = PLAIN.get_template(section).render(**shared, **place).replace(mark("body"), papers)
        known = {"subject": "A subject", "lead": view.lead, "topics": view.topic, "links": (), "left_out": 0}
        links = {"unsubscribe_url": escape(READER.unsubscribe_url), "preferences_url": escape(READER.preferences_url)}
        whole = PLAIN.get_template(frame).render(**shared, **known, **links, body=mark("body"))
        forms.append(whole.replace(mark("body"), body))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = POST.sender, READER.address, "A subject"
    mail["List-Unsubscribe"] = f"<{READER.unsubscribe_url}>"
    mail.set_content(forms[1], cte="quoted-printable")
    inlined = css_inline.inline(forms[0], extra_css=SOURCES["mail/style.css"])
    mail.add_alternative(inlined, subtype="html", cte="quoted-printable")
    return mail.as_bytes(policy=SMTP)


PLAIN = jinja2.Environment(
    loader=jinja2.DictLoader(SOURCES), autoescape=jinja2.select_autoescape(), trim_blocks=True, lstrip_blocks=True
)
PLAIN.filters |= {name: ENV.filters[name] for name in ("wrap", "isolated", "series")}
PLAIN.globals |= {name: ENV.globals[name] for name in ("_", "language", "direction")}


def one_mail() -> None:
    (edition,) = editions(1)
    shelf = Shelf()

    def made(shelf: Shelf | None) -> bytes:
        return message(encode(compose(ENV, SITE, [edition], shelf=shelf), SITE, POST), READER)

    wire = encode(compose(ENV, SITE, [edition], shelf=shelf), SITE, POST)
    anew, usual = best(lambda: made(None)), best(lambda: ordinary(edition))
    print(f"{PAPERS} papers, {len(made(None)) / 1024:.0f} KiB on the wire")
    print(f"printed anew          {anew:8.0f} us")
    print(f"the ordinary way      {usual:8.0f} us, {usual / anew:.1f} times as long")
    print(f"from the shelf        {best(lambda: made(shelf)):8.0f} us")
    print(f"one more reader       {best(lambda: message(wire, READER)):8.1f} us")
    for layout in Layout:
        for language in ENV.languages:
            took = best(lambda form=(layout, language): compose(ENV, SITE, [edition], layout=form[0], language=form[1]))  # type: ignore[misc]
            print(f"{layout:>8}, {language}          {took:8.0f} us printed anew")


def many_mails(app: App, subscribers: int) -> None:
    """Make a mail for each of many subscribers, whose sets of topics are all their own."""
    known = editions(TOPICS)
    for edition in known:
        app.store.put_topics([edition.topic])
        app.store.save_edition(edition)
    die, messages = random.Random(5), Messages(app)
    digests: dict[DigestId, Digest] = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu, octets = time.perf_counter(), time.process_time(), 0
    with patch.object(app.store, "digest", digests.pop):
        for number in range(subscribers):
            ids = tuple(sorted(one.id for one in die.sample(known, EACH)))
            name = DigestId(f"{number:08}")
            digests[name] = Digest(id=name, slot="daily:2026-11-21", language="en", layout="cards", edition_ids=ids)
            octets += len(messages.of(*_delivery(number, name)))
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{subscribers} subscribers, each with {EACH} of {TOPICS} topics of their own, {octets / subscribers:.0f} bytes"
    )
    print(f"{subscribers / took:8.0f} mails a second, {subscribers / cpu:.0f} a second of processor time")
    print(f"{peak / 1024:8.0f} MB at most, {before / 1024:.0f} of it before")


def _delivery(number: int, digest: DigestId) -> tuple[Delivery, Subscriber]:
    reader = subscriber_id(number.to_bytes(12))
    due = datetime(2026, 11, 21, 7, tzinfo=UTC)
    return (
        Delivery(
            id=DeliveryId(f"{reader}/{digest}"),
            subscriber_id=reader,
            slot="daily:2026-11-21",
            state=DeliveryState.CLAIMED,
            due=due,
            digest_id=digest,
        ),
        Subscriber(id=reader, address=f"reader{number}@example.org", created=NOON),
    )


def main(subscribers: int) -> None:
    one_mail()
    settings = SiteSettings(url="https://digest.example", secret="s" * 32, contact="hello@digest.example")
    with TemporaryDirectory() as folder:
        store = StoreSettings(url=f"sqlite:///{Path(folder) / 'digest.db'}")
        with opened(Settings(site=settings, store=store, smtp=SmtpSettings())) as app:
            many_mails(app, subscribers)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
