"""A proof of every template before anything is sent: an operator's mistake is found here, and not by a reader.

A mail of made-up editions, which hold all that a mail can show, is printed in each layout, with the letters; and the
digest is asked the mail rules. What Jinja can only know while it prints, a name that is misspelled, comes out as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from jinja2 import nodes

from digest.errors import RenderError
from digest.model import (
    Edition,
    EditionState,
    Links,
    Paper,
    PaperId,
    Part,
    Period,
    PeriodKind,
    Pick,
    Post,
    SignalKind,
    Sister,
    Site,
    Topic,
    TopicId,
    Withdrawal,
)
from digest.render import letters, mime, paths
from digest.render.lint import Severity, findings
from digest.render.mail import Envelope, compose
from digest.render.press import LAYOUTS
from digest.render.templates import Templates, mistakes

_DAY = datetime(2026, 11, 20, 5, tzinfo=UTC)
_TOKEN, _READER = "0" * 44, "reader@example.org"


def prove(env: Templates, site: Site, post: Post, *, pattern: str = "") -> None:
    """Raise RenderError for the first template that is missing or wrong, or makes a mail that breaks a rule.

    In every language that there is; `pattern` is the site's for subjects.
    """
    for name in sorted(env.sources):
        _parts_are_there(env, name)
    for layout in LAYOUTS:
        for language in sorted({site.language, *env.languages}):
            for editions in ([_edition("one", 3)], [_edition("one", 60), _edition("two", 0)]):
                core = compose(env, site, editions, layout=layout, language=language, pattern=pattern)
                stands(mime.message(mime.encode(core, site, post), _reader(site)), f"{layout}, {language}")
    for kind in letters.LetterKind:
        for language in sorted({site.language, *env.languages}):
            written = letters.letter(env, site, kind, paths.absolute(site, f"/{kind}/{_TOKEN}"), language)
            raw = letters.letter_message(written, site, post, address=_READER, date=_DAY, message_id=_message_id(site))
            stands(raw, f"letter {kind}, {language}")


def stands(raw: bytes, form: str) -> None:
    """Raise RenderError if a mail breaks a rule that no mail may break; what others ask for is a warning."""
    broken = [f"{one.rule}: {one.what}" for one in findings(raw) if one.severity is Severity.ERROR]
    if broken:
        raise RenderError(
            f"a mail ({form}) would break a rule: {'; '.join(broken)}", hint="`digest lint --rules` says what each asks"
        )


def _parts_are_there(env: Templates, name: str) -> None:
    """Look for syntax errors, and for the templates that a template names."""
    with mistakes(name):
        parsed = env.parse(env.sources[name], name, name)
    for node in parsed.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
        for part in _named(node):
            if part not in env.sources and not getattr(node, "ignore_missing", False):
                raise RenderError(f"template {name}, line {node.lineno}: template {part} is missing")


def _named(node: nodes.Node) -> Iterator[str]:
    template = getattr(node, "template", None)
    if isinstance(template, nodes.Const) and isinstance(template.value, str):
        yield template.value


def _reader(site: Site) -> Envelope:
    return Envelope(
        address=_READER,
        date=_DAY,
        message_id=_message_id(site),
        unsubscribe_url=paths.absolute(site, paths.leave_path(_TOKEN)),
        preferences_url=paths.absolute(site, paths.PREFERENCES),
        digest_url=paths.absolute(site, paths.mailed_path("daily:2026-11-20", _TOKEN)),
    )


def _message_id(site: Site) -> str:
    return f"<proof@{urlsplit(site.url).hostname or 'localhost'}>"


def _edition(name: str, picks: int) -> Edition:
    topic = Topic(id=TopicId(name), name=f"Topic {name}", description="What it is about.", limit=max(picks, 1))
    gone = Withdrawal(paper_id=PaperId("text:gone"), title="A paper that is gone", label="2026-11-12")
    return Edition(
        topic=topic,
        period=Period(kind=PeriodKind.DAY, start=date(2026, 11, 19)),
        cut=_DAY,
        as_of=_DAY,
        released=_DAY,
        state=EditionState.RELEASED,
        picks=tuple(_pick(rank) for rank in range(1, picks + 1)),
        considered=picks + 7,
        matched=picks + 1,
        note="A note of the editor.",
        health="one source was behind",
        withdrawn=(gone,),
        late=(_pick(1, "late"),),
    )


def _pick(rank: int, kind: str = "paper") -> Pick:
    """Return a pick with all there is, without the rest each second time."""
    full = rank % 2 == 1
    paper = Paper(
        id=PaperId(f"text:{kind}-{rank}"),
        title=f"What {kind} {rank} found",
        abstract="It says so in two sentences. This is the other one. " * 6,
        authors=("A. Ruiz", "B. Li", "C. Okafor", "D. Sato", "E. Berg", "F. Khan") if full else (),
        first_seen=_DAY,
        submitted=_DAY if full else None,
        withdrawn=rank == 3,
        links=Links(**{name: f"https://{name}.example/{rank}" for name in Links.__struct_fields__})
        if full
        else Links(),
    )
    return Pick(
        paper=paper,
        rank=rank,
        score=0.5,
        parts=(Part(name="relevance", value=0.5, weight=1.0),),
        reasons=("matches what you asked for",) if full else (),
        numbers=dict.fromkeys(SignalKind, rank) if full else {},
        also=(Sister(id=PaperId("text:sister"), title="A paper much like it", url="https://sister.example/1"),)
        if full
        else (),
        summarised_by="a model" if rank == 1 else None,
        summary="A model wrote this." if rank == 1 else "",
    )
