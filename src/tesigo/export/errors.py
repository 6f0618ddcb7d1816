"""What can be wrong with a manuscript that is to become a file."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from tesigo.kit.errors import Failure, Invalid


class UnknownNorm(Invalid):
    """There is no formatting norm of that name: choose one of those that the message lists."""

    code = "unknown_norm"

    def __init__(self, name: str, known: Collection[str]) -> None:
        super().__init__(f'There is no formatting norm "{name[:60]}": choose one of {", ".join(known)}.')


class UnknownStyle(Invalid):
    """There is no citation style of that name: choose one of those that the message offers."""

    code = "unknown_style"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = get_close_matches(name.lower()[:60], known, n=4, cutoff=0.6)
        offered = f"did you mean {', '.join(near)}?" if near else "try apa, ieee, chicago, mla or dstu."
        super().__init__(f'There is no citation style "{name[:60]}": {offered}')


class UnknownCitation(Invalid):
    """The text cites a key that none of the document's sources has: remove it or add the source."""

    code = "unknown_citation"

    def __init__(self, keys: Sequence[str]) -> None:
        named = ", ".join(f"[@{key[:60]}]" for key in keys[:5])
        super().__init__(f"The text cites {named}, which is not among the document's sources.")
        self.keys = tuple(keys)


class UnreadableText(Invalid):
    """A section's Markdown is too intricate to be set: simplify the place that the message names."""

    code = "unreadable_text"


class FontsMissing(Failure):
    """The packaged fonts were not fetched: run `make assets`."""

    code = "fonts_missing"

    def __init__(self) -> None:
        super().__init__("The fonts that documents are set in are missing: run `make assets` and try again.")
