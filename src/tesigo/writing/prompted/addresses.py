"""Addresses in a text: links and DOIs, which may stay when a source's record has them."""

import re

from tesigo.writing.prompted.references import References

_ADDRESS = re.compile(
    r"\(?\s*(?:<|\b(?:doi|DOI|URL|url)\s*:?\s*)?"
    r"(?P<address>(?:https?://|www\.)[^\s<>()\[\]“”«»\"\ue000]+|\b10\.\d{4,9}/[^\s<>()\[\]“”«»\"\ue000]+)>?\s*\)?"
)
_TAIL = re.compile(r"[.,;:!?'’*]+\Z")
_RESOLVER = re.compile(r"^(?:https?://)?(?:www\.)?(?:dx\.)?(?:doi\.org/)?", re.IGNORECASE)


def without_unknown_addresses(text: str, references: References, *, sign: str) -> str:
    """Return the text with `sign` for each address that no source's record has, its parentheses included."""
    recorded = {
        _bare(str(source.csl[field]))
        for source in references.known.values()
        for field in ("DOI", "URL")
        if source.csl.get(field)
    }

    def settle(match: re.Match[str]) -> str:
        tail = _TAIL.search(match["address"])
        address = match["address"][: tail.start()] if tail else match["address"]
        if _bare(address) in recorded:
            return match[0]
        left, right = match[0][: len(match[0]) - len(match[0].lstrip())], ")" if _is_odd(match[0]) else ""
        opened = "(" if match[0].startswith("(") and not match[0].rstrip().endswith(")") else ""
        after = tail[0] if tail and not match[0].rstrip().endswith(")") else ""
        return f"{opened or left}{sign}{after}{right}"

    return _ADDRESS.sub(settle, text)


def _is_odd(found: str) -> bool:
    """Return whether a parenthesis closes here that was opened before the address."""
    return found.rstrip().endswith(")") and not found.startswith("(")


def _bare(address: str) -> str:
    return _RESOLVER.sub("", address).rstrip("/").casefold()
