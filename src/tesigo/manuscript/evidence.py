"""Where a statement comes from: sources, their passages, and the citations that use them."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """A bibliographic record with the text that can be quoted from it.

    key: issued by us, unique within a document, matches `[a-z][a-z0-9]*` (`smith2021`, `smith2021b`).
    csl: the CSL-JSON item without `abstract`; its `id` equals `key`.
    abstract: plain text, "" when there is none.
    full_text: plain text or Markdown as the author wrote it, "" when it is not at hand.
    found_by: "upload", "library", or the name of a search provider.
    page_starts: for each page of the full text, where it begins in it, in code points, rising; () without pages.
    first_page: the number that the first of these pages bears.
    """

    key: str
    csl: Mapping[str, Any] = field(hash=False)
    abstract: str = ""
    full_text: str = ""
    found_by: str = "upload"
    page_starts: tuple[int, ...] = ()
    first_page: int = 1

    @property
    def body(self) -> str:
        """The text that passages are cut from: the full text, else the abstract."""
        return self.full_text or self.abstract

    def page_at(self, offset: int) -> int | None:
        """Return the number of the page on which this place of the body stands, None without pages."""
        if not self.page_starts:
            return None
        return self.first_page + max(0, bisect_right(self.page_starts, offset) - 1)

    @property
    def title(self) -> str:
        """The work's title, "" when the record has none."""
        return str(self.csl.get("title") or "")

    @property
    def year(self) -> int | None:
        """The year of publication, None when unknown (APA prints "n.d.")."""
        try:
            return int(self.csl["issued"]["date-parts"][0][0])
        except (KeyError, IndexError, TypeError, ValueError):
            return None

    @property
    def author_names(self) -> tuple[str, ...]:
        """How the authors are named in running text, in their order: family names, or institutions."""
        names = (
            author.get("family") or author.get("literal") or author.get("given") or ""
            for author in self.csl.get("author") or ()
        )
        return tuple(str(name) for name in names if name)


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of a source that can support a claim: `source.body[start:end] == text`.

    start, end: offsets in code points into `Source.body`.
    """

    source_key: str
    start: int
    end: int
    text: str


def pages_of(passage: Passage, source: Source) -> tuple[int, int] | None:
    """Return the numbers of the first and the last page that the passage stands on, None where no page is known."""
    if passage.start >= passage.end:
        return None
    first, last = source.page_at(passage.start), source.page_at(passage.end - 1)
    return (first, last) if first is not None and last is not None else None


@dataclass(frozen=True, slots=True)
class Citation:
    """The use of a source in a section, with the passage that supports it.

    key: the source's key, as in `[@key]`.
    score: how well the passage supports the sentence, 0 to 1; a verbatim quotation is 1.
    """

    key: str
    passage: Passage
    score: float
