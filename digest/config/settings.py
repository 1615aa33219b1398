"""Settings: `digest.toml`, then `DIGEST_SECTION_NAME` from the environment, secrets also as `..._FILE`.

Each setting is declared once, below, with its default and its comment; `digest init` writes its file from these
declarations, so file, checks and documentation cannot drift apart. All problems are reported together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from digest.config.checks import repeat_after
from digest.model import RIGHTS, Layout, Post, Site, Weights

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
    language: Annotated[str, doc("Language of pages and feeds, and of mails to readers who name no other.")] = "en"
    zone: Annotated[str, doc("IANA time zone in which days and weeks end.")] = "UTC"
    contact: Annotated[str, doc("Address a reader can write to; empty for none.")] = ""
    postal: Annotated[str, doc("Postal line in the mail's footer, which the law of many countries asks for.")] = ""
    rights: Annotated[str, doc("What feeds say of the rights in what they hold.")] = RIGHTS
    licence: Annotated[str, doc("Address of a licence under which the feeds may be used; empty for none.")] = ""
    folder: Annotated[str, doc("Where `digest publish` writes the site, from this file's folder.")] = "public"
    templates: Annotated[str, doc("A folder whose files replace the shipped templates of the same name.")] = ""
    secret: Annotated[
        str, doc("Random key that signs readers' links. Keep it, and keep it to yourself.", secret=True)
    ] = ""


class StoreSettings(Section, frozen=True, kw_only=True):
    url: Annotated[
        str,
        doc(
            "The database: sqlite:///file from this file's folder, or postgresql://user:password@host/name.",
            secret=True,
        ),
    ] = "sqlite:///digest.db"
    floor_megabytes: Annotated[
        int,
        Meta(ge=0, le=1_000_000),
        doc("Nothing new begins while the disk under an SQLite file has less room than this; 0 for no floor."),
    ] = 100
    mark: Annotated[
        str,
        doc(
            "A file that remembers the last mail outside the database, so that a restored old copy mails nothing "
            "again; empty for one beside an SQLite file, and for none with PostgreSQL."
        ),
    ] = ""


class FetchSettings(Section, frozen=True, kw_only=True):
    poll_every: Annotated[
        str, doc("How often a source is polled whose rhythm is not known yet, unless it asks for patience.")
    ] = "1h"
    timeout: Annotated[str, doc("How long one answer may take, with its redirects.")] = "30s"
    megabytes: Annotated[
        int, Meta(ge=1, le=1000), doc("Largest answer on the wire; unpacked it may be 3.2 times that.")
    ] = 10
    allow_private: Annotated[bool, doc("Also fetch from this machine and private networks.")] = False


class SignalSettings(Section, frozen=True, kw_only=True):
    huggingface: Annotated[bool, doc("Ask Hugging Face for the votes of papers that left its daily list.")] = True
    huggingface_key: Annotated[str, doc("A Hugging Face token; not needed.", secret=True)] = ""
    github: Annotated[bool, doc("Ask GitHub for the stars of the repositories that papers name.")] = True
    github_key: Annotated[
        str, doc("A GitHub token without any rights: 5,000 questions an hour instead of 60.", secret=True)
    ] = ""
    hackernews: Annotated[bool, doc("Ask Hacker News for points and comments.")] = True
    semantic_scholar: Annotated[bool, doc("Ask Semantic Scholar for citations, some days after a paper came.")] = True
    semantic_scholar_key: Annotated[
        str, doc("A key of Semantic Scholar; without one all the world shares its limit.", secret=True)
    ] = ""
    openalex: Annotated[bool, doc("Ask OpenAlex for citations; it needs a key, which is free.")] = False
    openalex_key: Annotated[str, doc("A key of OpenAlex.", secret=True)] = ""


class ScheduleSettings(Section, frozen=True, kw_only=True):
    compose_at: Annotated[str, doc("When an edition is due: this time on the day after its period.")] = "05:00"
    compose_by: Annotated[str, doc("How long it waits for sources that are behind.")] = "07:00"
    release: Annotated[Release, doc("auto, or manual: an editor looks at the draft first.")] = Release.AUTO
    release_by: Annotated[str, doc("When a draft goes out by itself.")] = "09:00"
    quiet: Annotated[
        str,
        doc(
            'Hours in which no digest goes to a reader, by the reader\'s clock, such as "22:00-06:00"; empty for none.'
        ),
    ] = ""
    weekends: Annotated[bool, doc("Whether digests go out on Saturdays and Sundays, too.")] = True


class SmtpSettings(Section, frozen=True, kw_only=True):
    url: Annotated[
        str,
        doc("The relay: smtp://user:password@host:587 (STARTTLS) or smtps://...; empty sends no mail.", secret=True),
    ] = ""
    fallback: Annotated[
        str, doc("A second relay, written as url is, for while the first cannot be used; empty for none.", secret=True)
    ] = ""
    sender: Annotated[str, doc("Address in From; empty for site.contact, else digest@ the site's host.")] = ""
    letters: Annotated[
        str,
        doc("Address in From of letters that ask to confirm or open preferences; empty for confirm@ sender's domain."),
    ] = ""
    returns: Annotated[
        str,
        doc("Address that undelivered mail comes back to, with a reader's token behind a +; empty for the sender."),
    ] = ""
    complaints: Annotated[
        str, doc("Address for complaint reports of mail providers (RFC 9477); empty asks for none.")
    ] = ""
    connections: Annotated[int, Meta(ge=1, le=50), doc("Mails under way at once.")] = 4
    timeout: Annotated[str, doc("How long one answer of the relay may take; the answer to a mail's end 10m.")] = "1m"
    renew_after: Annotated[
        int, Meta(ge=0, le=1_000_000), doc("Mails over one connection before it is made anew; 0 for no bound.")
    ] = 1000
    ask: Annotated[
        str,
        doc(
            "How to ask the relay about a mail whose answer was lost: postfix or postfix:LOGFILE for one on this "
            "machine, or a command; empty for not at all."
        ),
    ] = ""
    park: Annotated[
        bool, doc("Park a mail whose answer was lost, for a person to decide, rather than send it once again.")
    ] = False
    lease: Annotated[str, doc("After this long without a word a sender counts as gone.")] = "15m"
    rate: Annotated[str, doc('Most mails that go out together, such as "14/s" or "2000/h"; empty for no limit.')] = ""
    relay_rate: Annotated[str, doc("Most mails through each relay; empty for no limit.")] = ""
    receiver_rate: Annotated[
        str,
        doc("Most mails to each receiver, which is all domains with the same provider's MX; empty for no limit."),
    ] = ""
    warm_up: Annotated[
        str, doc('The day on which mail from a new address or machine begins, such as "2026-12-01"; empty for none.')
    ] = ""
    warm_up_rate: Annotated[str, doc("Its limit on that day; half as much again each day, for 30 days.")] = "100/h"
    refusals: Annotated[
        float,
        Meta(ge=0, le=1),
        doc("Pause when more than this share of the first 200 answers to a slot's mails are refusals; 1 never does."),
    ] = 0.05
    vanguard: Annotated[
        str, doc("Readers whose digest goes before all others of its moment: addresses, parted by spaces.")
    ] = ""
    vanguard_lead: Annotated[str, doc("How long the others wait then: time to look, and to pull the brake.")] = "10m"


class MailSettings(Section, frozen=True, kw_only=True):
    layout: Annotated[
        Layout, doc("How much new readers' mails show of each paper: cards, compact or titles. Each may choose.")
    ] = Layout.CARDS
    subject: Annotated[
        str,
        doc(
            'A pattern for subjects, such as "{site}: {first} and {more} more"; empty for the usual. Fields: site, '
            "topic, date, count, first, more. Topics may have their own."
        ),
    ] = ""


class WebSettings(Section, frozen=True, kw_only=True):
    host: Annotated[str, doc("Where `digest web` listens; 0.0.0.0 is every address of this machine.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535), doc("The port it listens on.")] = 8000
    trusted_proxies: Annotated[
        int,
        Meta(ge=0, le=10),
        doc("Proxies of yours in front of it, whose X-Forwarded-For tells readers apart when they post too much."),
    ] = 0
    hubs: Annotated[str, doc("WebSub hubs that tell readers of new editions at once: addresses, parted by spaces.")] = (
        ""
    )


class WeightSettings(Section, frozen=True, kw_only=True):
    relevance: Annotated[float, Meta(ge=0, le=1), doc("How much matching the topic's words counts.")] = 0.5
    freshness: Annotated[float, Meta(ge=0, le=1), doc("How much being new counts.")] = 0.3
    trend: Annotated[float, Meta(ge=0, le=1), doc("How much readers' votes count.")] = 0.2


class RankSettings(Section, frozen=True, kw_only=True):
    refit_every: Annotated[
        str, doc("How often the ranker learns from the store what words mean; at once when the store has doubled.")
    ] = "7d"
    model: Annotated[
        str,
        doc(
            "A folder with an embedding model, `model.onnx` and `tokenizer.json`, whose likeness of texts joins the "
            "ranking; needs the extra `embeddings`. Empty for none."
        ),
    ] = ""


class SummarySettings(Section, frozen=True, kw_only=True):
    url: Annotated[
        str,
        doc(
            "An address that speaks OpenAI's protocol, such as http://localhost:11434/v1, to write summaries; "
            "empty takes them from the abstract."
        ),
    ] = ""
    model: Annotated[str, doc("The model it is asked for; readers see this name beside what it wrote.")] = ""
    key: Annotated[str, doc("The key it wants, if any.", secret=True)] = ""
    per_edition: Annotated[int, Meta(ge=1, le=200), doc("Papers of an edition it is asked about, from the top.")] = 10
    timeout: Annotated[str, doc("How long one round of composing may wait for it, all editions together.")] = "30s"


class LimitSettings(Section, frozen=True, kw_only=True):
    feed_items: Annotated[
        int, Meta(ge=25, le=1000), doc("Papers in a feed's newest document; older ones are in its archive.")
    ] = 50
    import_megabytes: Annotated[int, Meta(ge=1, le=2000), doc("Largest file that import reads.")] = 50
    digest_papers: Annotated[
        int, Meta(ge=0, le=1000), doc("Papers in one mail, shared fairly between a reader's topics; 0 for no bound.")
    ] = 40
    per_author: Annotated[
        int, Meta(ge=0, le=100), doc("Papers by one first or last author in an edition; 0 for no bound.")
    ] = 3
    repeat_after: Annotated[str, doc('When a topic may pick a paper again: "never", or days such as "90d".')] = "never"


class Settings(Section, frozen=True, kw_only=True):
    """All settings. `folder` is where the file stands: relative paths start there."""

    site: SiteSettings = SiteSettings()
    store: StoreSettings = StoreSettings()
    fetch: FetchSettings = FetchSettings()
    signals: SignalSettings = SignalSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    smtp: SmtpSettings = SmtpSettings()
    mail: MailSettings = MailSettings()
    web: WebSettings = WebSettings()
    weights: WeightSettings = WeightSettings()
    rank: RankSettings = RankSettings()
    summary: SummarySettings = SummarySettings()
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
    def hubs(self) -> tuple[str, ...]:
        """The addresses of the WebSub hubs, each once."""
        return tuple(dict.fromkeys(self.web.hubs.split()))

    @property
    def host(self) -> str:
        """The name in the site's address."""
        return _host(self.site.url)

    @property
    def sender(self) -> str:
        """The address that mail comes from."""
        return self.smtp.sender or self.site.contact or f"digest@{self.host}"

    @property
    def post(self) -> Post:
        """The addresses of the site's mail."""
        domain = self.smtp.sender.rpartition("@")[2] or self.host
        return Post(
            sender=self.sender,
            letters=self.smtp.letters or f"confirm@{domain}",
            returns=self.smtp.returns or None,
            complaints=self.smtp.complaints or None,
        )

    @property
    def default_weights(self) -> Weights:
        return Weights(**msgspec.structs.asdict(self.weights))


SECTIONS: dict[str, type[Section]] = {
    "site": SiteSettings,
    "store": StoreSettings,
    "fetch": FetchSettings,
    "signals": SignalSettings,
    "schedule": ScheduleSettings,
    "smtp": SmtpSettings,
    "mail": MailSettings,
    "web": WebSettings,
    "weights": WeightSettings,
    "rank": RankSettings,
    "summary": SummarySettings,
    "limits": LimitSettings,
}


@lru_cache(maxsize=8)
def _host(url: str) -> str:
    # Asked several times for each mail.
    return urlsplit(url).hostname or "localhost"


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
