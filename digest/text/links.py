"""Addresses: rebuilt from their parts before anything may store or show them, and found in running text."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from digest.text.characters import visible

_LONGEST = 2000
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_ORDINARY = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9._~/@:+,=-]*)?", re.ASCII)
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]", re.ASCII)
_KEPT = "/%:@!$&'()*+,;=~-._"

_ADDRESS = re.compile(rf"https?://[^\s<>\"{{}}|\\^`\[\]]{{1,{_LONGEST}}}", re.IGNORECASE)
_TRAILING = (*".,;:!?'\"*_", ")")
# All three hosts end in .com or .co, which few abstracts hold, and fewer a slash: a gate before the search.
_CODE = re.compile(
    r"""(?<![\w.@-])(?:https?://)?(?:www\.)?
        (?: (?:github|gitlab)\.com/(?!(?:orgs|topics|features|marketplace|sponsors|about|login|explore)/)
          | huggingface\.co/(?:datasets/|spaces/)?(?!(?:papers|collections|blog|docs|datasets|spaces|posts|learn)/) )
        [\w-][\w.-]{0,99}/[\w.-]{1,100}(?:/[\w./~-]{0,300})?""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)

_PAGES = re.compile(
    r"(?<![\w.@/-])(?:https?://)?[a-z0-9][a-z0-9-]{0,62}\.(?:github|gitlab)\.io(?![\w-])(?:/[\w./~%-]{0,300})?",
    re.ASCII | re.IGNORECASE,
)
_PROJECT = re.compile(
    rf"\b(?:project|web|home|demo)[\s-]?(?:page|site)s?\b[^.!?<>]{{0,60}}?(?={_ADDRESS.pattern})", re.IGNORECASE
)


def safe_url(url: str, base: str | None = None) -> str | None:
    """Return `url` as an absolute http or https address rebuilt from its parts, or None.

    A relative address is joined to `base`. Control characters are dropped, as browsers do; in a fragment they are
    refused, as are credentials, other schemes, hosts that are none, and addresses beyond 2,000 characters.
    """
    if _ORDINARY.fullmatch(url) and len(url) <= _LONGEST:
        return url
    if len(url) > _LONGEST or _CONTROL.search(url.strip().partition("#")[2]):
        return None
    try:
        rebuilt = _rebuilt(urlsplit(urljoin(base or "", visible(_CONTROL.sub("", url)).strip())))
    except ValueError:  # urllib.parse says so of bad ports, brackets and look-alike hosts
        return None
    return rebuilt if rebuilt and len(rebuilt) <= _LONGEST else None


def links_in(text: str) -> tuple[str, ...]:
    """Return the http and https addresses in running text, in order, without the punctuation behind them."""
    found = (safe_url(_trimmed(match[0])) for match in _ADDRESS.finditer(text))
    return tuple(dict.fromkeys(link for link in found if link and "." in link.split("/")[2]))


def code_link(text: str) -> str | None:
    """Return the first repository at GitHub, GitLab or Hugging Face that `text` names, with or without https."""
    match = _CODE.search(text) if "/" in text and ".co" in text else None
    if not match:
        return None
    address = _trimmed(match[0])
    return safe_url(address if "://" in address else f"https://{address}")


def project_link(text: str) -> str | None:
    """Return what `text` calls a project's page, else the first page of a user or a project at GitHub or GitLab.

    A repository is none: `code_link` finds it.
    """
    named = _PROJECT.search(text) if "/" in text and "://" in text else None
    match = _ADDRESS.match(text, named.end()) if named else _PAGES.search(text) if "b.io" in text else None
    if not match or code_link(match[0]):
        return None
    address = _trimmed(match[0])
    return safe_url(address if "://" in address else f"https://{address}")


def _rebuilt(parts: SplitResult) -> str | None:
    host = _ascii_host(parts.hostname or "")
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    port = f":{parts.port}" if parts.port is not None else ""
    path = quote(parts.path, safe=_KEPT, errors="ignore")
    query = quote(parts.query, safe=_KEPT + "?", errors="ignore")
    fragment = quote(parts.fragment, safe=_KEPT + "?", errors="ignore")
    return f"{parts.scheme}://{host}{port}{path}" + (f"?{query}" * bool(query)) + (f"#{fragment}" * bool(fragment))


def _ascii_host(host: str) -> str | None:
    """Return a host in lower-case ASCII, or None if it is no host; raises ValueError for what IDNA does not know."""
    name = host if host.isascii() or len(host) > 253 else host.encode("idna").decode("ascii")
    name = f"[{name}]" if ":" in name else name
    return name if len(name) <= 253 and _HOST.fullmatch(name) else None


def _trimmed(address: str) -> str:
    """Return an address without sentence marks behind it; a closing bracket stays if it was opened inside."""
    while address.endswith(_TRAILING):
        if address.endswith(")") and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address
