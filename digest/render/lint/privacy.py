"""Rules for what a mail may do when it is opened: nothing. And what it may tell when it is passed on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from digest.render.lint.markup import Element
from digest.render.lint.message import Mail
from digest.render.lint.rules import Severity, rule
from digest.render.lint.styles import declarations, uncommented

_FETCHED = frozenset("src srcset background poster data lowsrc dynsrc longdesc manifest ping".split())
_REMOTE = re.compile(r"\s*(?:https?:)?//", re.IGNORECASE)
_URL = re.compile(r"url\(\s*(?:['\"]\s*)?(?:https?:)?//[^)\s]{0,60}", re.IGNORECASE)
_EMBEDDED = re.compile(r"\s*data:", re.IGNORECASE)
_EMBEDDED_STYLE = re.compile(r"url\(\s*(?:['\"]\s*)?data:", re.IGNORECASE)
_DIMENSION = re.compile(r"\s*0*[01](?:px)?\s*")


def all_css(mail: Mail) -> Iterator[str]:
    """Yield the styles of a mail: the style elements and each style attribute, without comments."""
    yield from map(uncommented, mail.page.sheets())
    yield from dict.fromkeys(element.attributes.get("style", "") for element in mail.page.elements)


@rule(
    "remote-resource",
    "Nothing is fetched when a mail is opened.",
    "readers are not watched; Apple's privacy protection",
)
def remote(mail: Mail) -> Iterator[str]:
    for element in mail.page.elements:
        for name in sorted(_FETCHED & element.attributes.keys()):
            if _REMOTE.match(element.attributes[name]):
                yield f"<{element.tag} {name}={element.attributes[name]}>"


@rule("remote-style", "No style fetches anything.", "CSS Values 4, 4.5")
def remote_style(mail: Mail) -> Iterator[str]:
    for css in all_css(mail):
        yield from (found[0] for found in _URL.finditer(css))
        if "@import" in css.lower():
            yield "@import"


@rule("remote-font", "No font is fetched.", "caniemail.com: web fonts")
def remote_font(mail: Mail) -> Iterator[str]:
    yield from ("@font-face" for css in all_css(mail) if "@font-face" in css.lower())


@rule("link-element", "There is no link element.", "HTML, 4.2.4; Gmail drops it")
def link_element(mail: Mail) -> Iterator[str]:
    yield from (str(one.attributes.get("href", "")) for _, one in mail.page.all("link"))


@rule("base-element", "There is no base element.", "HTML, 4.2.3")
def base_element(mail: Mail) -> Iterator[str]:
    yield from (str(one.attributes.get("href", "")) for _, one in mail.page.all("base"))


@rule("refresh", "No meta leads elsewhere.", "HTML, 4.2.5.3")
def refresh(mail: Mail) -> Iterator[str]:
    for _, meta in mail.page.all("meta"):
        if meta.attributes.get("http-equiv", "").lower() == "refresh":
            yield meta.attributes.get("content", "")


@rule("pixel", "No image is too small to be seen.", "readers are not watched")
def pixel(mail: Mail) -> Iterator[str]:
    yield from (image.attributes.get("src", "") for _, image in mail.page.all("img") if _is_pixel(image))


@rule("image-embedded", "No image is written into an address.", "caniemail.com: base64 images, no Gmail program")
def embedded(mail: Mail) -> Iterator[str]:
    for element in mail.page.elements:
        fetched = (element.attributes[name] for name in _FETCHED & element.attributes.keys())
        yield from (f"<{element.tag}>" for value in fetched if _EMBEDDED.match(value))
    yield from (css[:80] for css in all_css(mail) if _EMBEDDED_STYLE.search(css))


@rule("script", "There is no script.", "caniemail.com; HTML, 4.12.1")
def script(mail: Mail) -> Iterator[str]:
    yield from (f"<{one.tag}>" for _, one in mail.page.all("script", "noscript"))


@rule("handler", "No attribute acts.", "HTML, 8.1.8")
def handler(mail: Mail) -> Iterator[str]:
    for element in mail.page.elements:
        yield from (f"<{element.tag} {name}>" for name in element.attributes if name.startswith("on"))


@rule("form", "There is no form.", "caniemail.com: form")
def form(mail: Mail) -> Iterator[str]:
    yield from (f"<{one.tag}>" for _, one in mail.page.all("form", "input", "button", "select", "textarea"))


@rule("foreign-frame", "No other document stands in a mail.", "caniemail.com; HTML, 4.8")
def foreign_frame(mail: Mail) -> Iterator[str]:
    yield from (f"<{one.tag}>" for _, one in mail.page.all("iframe", "frame", "object", "embed", "applet"))


@rule(
    "reader-repeated",
    "The reader's address stands in To alone: a forwarded mail tells nobody.",
    "RFC 8058, 6; GDPR, 5",
    severity=Severity.WARNING,
)
def reader_repeated(mail: Mail) -> Iterator[str]:
    reader = mail.mailbox("To")
    address = reader.address.lower() if reader else ""
    # Somebody who runs the site, and reads it, is named as who runs it. An author may be named in an abstract, which is
    # why this is a warning.
    own = ("from", "reply-to", "list-owner")
    if not address or any(address in mail.value(name).lower() for name in own):
        return
    for header in mail.headers:
        if header.name.lower() != "to" and address in unquote(header.value).lower():
            yield header.name
    yield from (part.type for part in mail.parts if address in unquote(part.content).lower())


def _is_pixel(image: Element) -> bool:
    style = declarations(image.attributes.get("style", ""))
    said = (image.attributes.get("width"), image.attributes.get("height"), style.get("width"), style.get("height"))
    return any(_DIMENSION.fullmatch(each) for each in said if each is not None)
