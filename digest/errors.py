"""Every error a person can act on.

DigestError                1  it did not work
    ConfigError            2  a setting, a seed file or a command's use is wrong
    SourceError            1  what a source sent cannot be read
        FetchError         1  an address cannot be fetched, or must not be
    StoreError             1  the store refused
        NotFoundError      1  no such topic, paper, edition, source
        SchemaError        2  the database and the program are of different ages
    RenderError            1  a template failed
    PublishError           1  a file could not be written
    DeliveryError          1  the mail relay cannot be used
    TokenError             1  a reader's link is forged or has expired

Anything else that reaches the command line is a bug: exit code 70.
"""

from __future__ import annotations


class DigestError(Exception):
    """An error in one line: what, which, why; `hint` is the way out."""

    code = "failed"
    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(DigestError):
    """A setting or a definition is wrong; `message` may hold several problems, a line each."""

    code = "config"
    exit_code = 2


class SourceError(DigestError):
    """The bytes of a source are not what its reader understands."""

    code = "source"


class FetchError(SourceError):
    """An address does not answer as it should, or is one that is never fetched."""

    code = "fetch"


class StoreError(DigestError):
    """The store could not do what was asked; nothing of the transaction was kept."""

    code = "store"


class NotFoundError(StoreError):
    """The thing that was named is not in the store."""

    code = "not-found"


class SchemaError(StoreError):
    """The database's schema is newer than this program, or a migration failed."""

    code = "schema"
    exit_code = 2


class RenderError(DigestError):
    """A template is missing, wrong, or names something that does not exist."""

    code = "render"


class PublishError(DigestError):
    """An output file or folder could not be written; what stood there before still stands."""

    code = "publish"


class DeliveryError(DigestError):
    """The relay cannot be reached or will not have us; what is due waits in the outbox."""

    code = "delivery"


class TokenError(DigestError):
    """A reader's link is not ours, was made for another purpose, or is `expired`."""

    code = "token"

    def __init__(self, message: str, *, hint: str | None = None, expired: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.expired = expired
