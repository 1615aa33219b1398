"""What somebody looks for among all papers."""

from __future__ import annotations

from datetime import date

from digest.model.values import SourceId, Value


class Search(Value):
    """All of `words` (those in quotation marks are a phrase), narrowed by whatever else is given.

    A `category` holds its subjects: `cs` is `cs.LG` too. The days are UTC's, `since` and `until` included, and count
    as a paper's age does. `code` asks for papers that name a repository.
    """

    words: str = ""
    category: str | None = None
    source: SourceId | None = None
    since: date | None = None
    until: date | None = None
    code: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return self == Search()
