"""Settings: `digest.toml`, then `DIGEST_SECTION_NAME` from the environment, secrets also as `..._FILE`.

Each setting is declared once, below, with its default and its comment; `digest init` writes its file from these
declarations, so file, checks and documentation cannot drift apart. All problems are reported together.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from digest.errors import ConfigError
from digest.model import Site, Weights

FILE_NAME = "digest.toml"


class Release(StrEnum):
    """Whether an edition goes out by itself at once, or waits for an editor until `release_by`."""

    AUTO = "auto"
    MANUAL = "manual"


def doc(text: str, *, secret: bool = False) -> Meta:
    """Describe a setting; a secret one may also come from a file and is never printed."""
    return Meta(description=text, extra={"secret": secret})


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""


class SiteSettings(Section, frozen=True, kw_only=True):
    title: Annotated[str, doc("The name readers see.")] = "Digest"
    url: Annotated[str, doc("Where readers find the site. https is needed to send mail.")] = "http://localhost:8000"
    tag: Annotated[
        str,
        doc("Start of every feed id: a name you own and a date you owned it. Never change it, even when url changes."),
    ] = "digest.example,2026"
    description: Annotated[str, doc("One sentence under the name.")] = "Fresh and trending papers, topic by topic."
    language: Annotated[str, doc("Language of pages and feeds.")] = "en"
    zone: Annotated[str, doc("IANA time zone in which days and weeks end.")] = "UTC"
    contact: Annotated[str, doc("Address a reader can write to; empty for none.")] = ""
    postal: Annotated[str, doc("Postal line in the mail's footer, which the law of many countries asks for.")] = ""
    folder: Annotated[str, doc("Where `digest publish` writes the site, from this file's folder.")] = "public"
    templates: Annotated[str, doc("A folder whose files replace the shipped templates of the same name.")] = ""
    secret: Annotated[
        str, doc("Random key that signs readers' links. Keep it, and keep it to yourself.", secret=True)
    ] = ""


class StoreSettings(Section, frozen=True, kw_only=True):
    url: Annotated[str, doc("The database: sqlite:///file from this file's folder.", secret=True)] = (
        "sqlite:///digest.db"
    )


class FetchSettings(Section, frozen=True, kw_only=True):
    poll_every: Annotated[str, doc("How often a source is polled, unless it asks for patience.")] = "1h"
    timeout: Annotated[str, doc("How long one answer may take, with its redirects.")] = "30s"
    megabytes: Annotated[
        int, Meta(ge=1, le=1000), doc("Largest answer on the wire; unpacked it may be 3.2 times that.")
    ] = 10
    allow_private: Annotated[bool, doc("Also fetch from this machine and private networks.")] = False


class ScheduleSettings(Section, frozen=True, kw_only=True):
    compose_at: Annotated[str, doc("When an edition is due: this time on the day after its period.")] = "05:00"
    compose_by: Annotated[str, doc("How long it waits for sources that are behind.")] = "07:00"
    release: Annotated[Release, doc("auto, or manual: an editor looks at the draft first.")] = Release.AUTO
    release_by: Annotated[str, doc("When a draft goes out by itself.")] = "09:00"


class SmtpSettings(Section, frozen=True, kw_only=True):
    url: Annotated[
        str,
        doc("The relay: smtp://user:password@host:587 (STARTTLS) or smtps://...; empty sends no mail.", secret=True),
    ] = ""
    sender: Annotated[str, doc("Address in From; empty for site.contact, else digest@ the site's host.")] = ""
    connections: Annotated[int, Meta(ge=1, le=50), doc("Mails under way at once.")] = 4
    timeout: Annotated[str, doc("How long one answer of the relay may take; the answer to a mail's end 10m.")] = "1m"
    park: Annotated[
        bool, doc("Park a mail whose answer was lost, for a person to decide, rather than send it once again.")
    ] = False
    lease: Annotated[str, doc("After this long without a word a sender counts as gone.")] = "15m"


class WebSettings(Section, frozen=True, kw_only=True):
    host: Annotated[str, doc("Where `digest web` listens; 0.0.0.0 is every address of this machine.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535), doc("The port it listens on.")] = 8000
    trusted_proxies: Annotated[
        int,
        Meta(ge=0, le=10),
        doc("Proxies of yours in front of it, whose X-Forwarded-For tells readers apart when they post too much."),
    ] = 0


class WeightSettings(Section, frozen=True, kw_only=True):
    relevance: Annotated[float, Meta(ge=0, le=1), doc("How much matching the topic's words counts.")] = 0.5
    freshness: Annotated[float, Meta(ge=0, le=1), doc("How much being new counts.")] = 0.3
    trend: Annotated[float, Meta(ge=0, le=1), doc("How much readers' votes count.")] = 0.2


class LimitSettings(Section, frozen=True, kw_only=True):
    feed_items: Annotated[int, Meta(ge=1, le=1000), doc("Papers in a feed.")] = 50
    import_megabytes: Annotated[int, Meta(ge=1, le=2000), doc("Largest file that import reads.")] = 50
    repeat_after: Annotated[str, doc('When a topic may pick a paper again: "never", or days such as "90d".')] = "never"


class Settings(Section, frozen=True, kw_only=True):
    """All settings. `folder` is where the file stands: relative paths start there."""

    site: SiteSettings = SiteSettings()
    store: StoreSettings = StoreSettings()
    fetch: FetchSettings = FetchSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    smtp: SmtpSettings = SmtpSettings()
    web: WebSettings = WebSettings()
    weights: WeightSettings = WeightSettings()
    limits: LimitSettings = LimitSettings()
    folder: Path = Path()

    @property
    def public_site(self) -> Site:
        """What renderers may know of the site."""
        names = set(Site.__struct_fields__)
        return Site(**{key: value for key, value in msgspec.structs.asdict(self.site).items() if key in names})

    @property
    def repeat_horizon(self) -> timedelta | None:
        return repeat_after(self.limits.repeat_after)

    @property
    def host(self) -> str:
        """The name in the site's address."""
        return urlsplit(self.site.url).hostname or "localhost"

    @property
    def sender(self) -> str:
        """The address that mail comes from."""
        return self.smtp.sender or self.site.contact or f"digest@{self.host}"

    @property
    def default_weights(self) -> Weights:
        return Weights(**msgspec.structs.asdict(self.weights))


SECTIONS: dict[str, type[Section]] = {
    "site": SiteSettings,
    "store": StoreSettings,
    "fetch": FetchSettings,
    "schedule": ScheduleSettings,
    "smtp": SmtpSettings,
    "web": WebSettings,
    "weights": WeightSettings,
    "limits": LimitSettings,
}


class Setting(Struct, frozen=True, kw_only=True):
    """A declaration read back: what `digest init`, `digest config` and the checks go by."""

    section: str
    name: str
    type: Any
    default: Any
    comment: str
    secret: bool

    @property
    def variable(self) -> str:
        return f"DIGEST_{self.section}_{self.name}".upper()


def declared() -> Iterator[Setting]:
    """Yield every setting in the order of the file."""
    for section, kind in SECTIONS.items():
        for field in msgspec.structs.fields(kind):
            metas = [meta for meta in field.type.__metadata__ if meta.description]
            yield Setting(
                section=section,
                name=field.name,
                type=field.type,
                default=field.default,
                comment=metas[0].description,
                secret=bool((metas[0].extra or {}).get("secret")),
            )


def duration(text: str) -> timedelta:
    """Read `30s`, `15m`, `48h`, `90d` or `2w`. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,5})\s*([smhdw])", text.strip())
    if not found:
        raise ValueError('use a number and s, m, h, d or w, such as "48h"')
    return int(found[1]) * _UNITS[found[2]]


_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def clock_time(text: str) -> time:
    """Read `05:00`. Raises ValueError."""
    if not re.fullmatch(r"[0-2]\d:[0-5]\d", text):
        raise ValueError('use hours and minutes, such as "05:00"')
    return time.fromisoformat(text)


def repeat_after(text: str) -> timedelta | None:
    """Read the repeat horizon: None is for ever. Raises ValueError."""
    return None if text == "never" else duration(text)


def _url(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('use an address such as "https://papers.example.org"')


def _zone(text: str) -> None:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('use an IANA name such as "Europe/Berlin"') from error


def _tag(text: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9.@-]+,\d{4}(-\d\d(-\d\d)?)?", text):
        raise ValueError('use a name and a date, such as "papers.example.org,2026"')


def _language(text: str) -> None:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", text):
        raise ValueError('use a language tag such as "en"')


def _poll_every(text: str) -> None:
    if duration(text) < timedelta(minutes=15):
        raise ValueError('be patient: use "15m" or more')


def _patience(text: str) -> None:
    if not timedelta(seconds=1) <= duration(text) <= timedelta(minutes=10):
        raise ValueError('use "1s" to "10m"')


def _relay(text: str) -> None:
    parts = urlsplit(text)
    if text and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
        raise ValueError('use "smtp://user:password@relay.example.org:587" or "smtps://..."')


def _contact(text: str) -> None:
    if text and not re.fullmatch(r"[^\s@<>,;:\"]+@[A-Za-z0-9.-]+", text):
        raise ValueError('use "name@example.org"')


def _one_line(text: str) -> None:
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("use one line without control characters")


CHECKS: dict[str, Callable[[str], object]] = {
    "site.url": _url,
    "site.zone": _zone,
    "site.tag": _tag,
    "site.language": _language,
    "site.contact": _contact,
    "site.title": _one_line,
    "site.description": _one_line,
    "site.postal": _one_line,
    "smtp.url": _relay,
    "smtp.sender": _contact,
    "smtp.timeout": duration,
    "smtp.lease": duration,
    "fetch.poll_every": _poll_every,
    "fetch.timeout": _patience,
    "schedule.compose_at": clock_time,
    "schedule.compose_by": clock_time,
    "schedule.release_by": clock_time,
    "limits.repeat_after": repeat_after,
}


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read settings from `path` (None: defaults) and `environ`.

    Raises ConfigError with every problem, a line each: where, what, and the way out.
    """
    text = _read(path) if path else ""
    tables = _parse(text, path)
    problems: list[str] = []
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for where, section, name, value in _given(tables, text, path, environ, problems):
        setting = _find(section, name)
        if setting is None:
            problems.append(f"{where}: unknown setting {section}.{name}{_near(section, name)}")
            continue
        try:
            values[section][name] = _convert(setting, value, strict=not where.startswith("DIGEST_"))
        except ValueError as error:
            shown = "(hidden)" if setting.secret else json.dumps(value, default=str)
            problems.append(f"{where}: {section}.{name} is {shown}: {error}")
    if problems:
        raise ConfigError("\n".join(problems), hint="`digest config` lists every setting")
    sections = {section: kind(**values[section]) for section, kind in SECTIONS.items()}
    return Settings(**cast(Any, sections), folder=path.parent if path else Path())


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path} is not there", hint="`digest init` writes one, or name it by --config") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _parse(text: str, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}", hint="text values stand in quotes") from error


def _given(
    tables: Mapping[str, Any], text: str, path: Path | None, environ: Mapping[str, str], problems: list[str]
) -> Iterator[tuple[str, str, str, Any]]:
    """Yield (where, section, name, value): the file's settings first, so that the environment wins."""
    for section, table in tables.items():
        if section not in SECTIONS or not isinstance(table, dict):
            near = difflib.get_close_matches(section, SECTIONS, 1)
            what = f"did you mean [{near[0]}]?" if near else f"use [{'], ['.join(SECTIONS)}]"
            problems.append(f"{path}, line {_line(text, section)}: unknown table [{section}]: {what}")
            continue
        for name, value in table.items():
            yield f"{path}, line {_line(text, section, name)}", section, name, value
    yield from _from_environment(environ, problems)


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> Iterator[tuple[str, str, str, Any]]:
    for variable in sorted(environ):
        prefix, _, rest = variable.partition("_")
        section, _, name = rest.lower().partition("_")
        if prefix != "DIGEST" or section not in SECTIONS or not name:
            continue
        setting = _find(section, name.removesuffix("_file"))
        if setting and setting.secret and name.endswith("_file"):
            try:
                yield variable, section, setting.name, Path(environ[variable]).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{variable}: the file cannot be read: {error}")
        else:
            yield variable, section, name, environ[variable]


def _find(section: str, name: str) -> Setting | None:
    return next((known for known in declared() if (known.section, known.name) == (section, name)), None)


def _near(section: str, name: str) -> str:
    names = [known.name for known in declared() if known.section == section]
    near = difflib.get_close_matches(name, names, 1)
    return f": did you mean {near[0]}?" if near else f": [{section}] has {', '.join(names)}"


def _convert(setting: Setting, value: Any, *, strict: bool) -> Any:
    """Return the value in its type. Raises ValueError in words for the operator."""
    try:
        converted = msgspec.convert(value, setting.type, strict=strict)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).lower()) from error
    check = CHECKS.get(f"{setting.section}.{setting.name}")
    if check:
        check(converted)
    return converted


def _line(text: str, section: str, name: str | None = None) -> int | str:
    """Return the line on which a table or a setting stands; "?" for spellings this simple scan does not follow."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*\"?([^\]\"]+?)\"?\s*\]", line)
        current = header[1] if header else current
        if name is None and re.match(rf"\s*(\[\s*)?\"?{re.escape(section)}\"?\s*[\]=.]", line):
            return number
        if name and current == section and re.match(rf"\s*\"?{re.escape(name)}\"?\s*=", line):
            return number
        if name and re.match(rf"\s*{re.escape(section)}\s*\.\s*{re.escape(name)}\s*=", line):
            return number
    return "?"


def as_toml(values: Mapping[tuple[str, str], Any]) -> str:
    """Return a commented file of all settings; `values` replaces defaults by (section, name)."""
    lines = ["# Settings of this site. Each can also be set as DIGEST_SECTION_NAME in the environment."]
    section = None
    for setting in declared():
        if setting.section != section:
            section = setting.section
            lines += ["", f"[{section}]"]
        value = values.get((setting.section, setting.name), setting.default)
        lines += [f"# {setting.comment}", f"{setting.name} = {json.dumps(value, ensure_ascii=False)}"]
    return "\n".join(lines) + "\n"
