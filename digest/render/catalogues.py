"""Message catalogues, read from gettext's own text format (.po) into what Python's gettext goes by."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator

from digest.errors import RenderError

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_KEYWORD = re.compile(r'(msgid|msgid_plural|msgstr(?:\[\d+\])?)\s+(".*")')
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_PLURAL = re.compile(r"plural=([^;\n]+)")

Entry = dict[str, str]


class Catalogue(gettext.NullTranslations):
    """The messages of a language by their English ones; what is not there is said in English."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__()
        self.messages = {one["msgid"]: _forms(one) for one in entries if one["msgid"]}
        header = next((one.get("msgstr", "") for one in entries if not one["msgid"]), "")
        rule = _PLURAL.search(header)
        self._form = gettext.c2py(rule[1] if rule else "n != 1")

    def gettext(self, message: str) -> str:
        forms = self.messages.get(message)
        return forms[0] if forms and forms[0] else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        forms = self.messages.get(msgid1, ())
        form = self._form(n)
        return forms[form] if form < len(forms) and forms[form] else super().ngettext(msgid1, msgid2, n)


def read(text: str, name: str) -> Catalogue:
    """Return the catalogue of a .po text; `name` is the file's, for messages. Raises RenderError."""
    try:
        return Catalogue(list(_entries(text)))
    except (ValueError, KeyError) as error:
        raise RenderError(f"catalogue {name}: {error}") from error


def _entries(text: str) -> Iterator[Entry]:
    entry: Entry = {}
    field = ""
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        keyword = _KEYWORD.fullmatch(line)
        if not keyword and not (field and _STRING.fullmatch(line)):
            raise ValueError(f"line {number} is neither a message nor a part of one")
        if keyword and keyword[1] == "msgid" and entry:
            yield entry
            entry = {}
        field = keyword[1] if keyword else field
        entry[field] = entry.get(field, "") + _text(keyword[2] if keyword else line)
    if entry:
        yield entry


def _forms(entry: Entry) -> tuple[str, ...]:
    if "msgid_plural" not in entry:
        return (entry["msgstr"],)
    return tuple(entry[key] for key in sorted(entry) if key.startswith("msgstr["))


def _text(quoted: str) -> str:
    found = _STRING.fullmatch(quoted)
    if not found:
        raise ValueError(f"{quoted} is no string")
    return re.sub(r"\\(.)", lambda sign: _ESCAPES.get(sign[1], sign[0]), found[1])
