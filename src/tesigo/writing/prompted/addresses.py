"""Addresses in a text: links and DOIs, which may stay when a source's record has them."""

import re

from tesigo.writing.prompted.references import References

_SIGN = r"[^\s<>()\[\]{}\\|^`“”«»\"\ue000]"
_ADDRESS = re.compile(
    r"(?P<open>\(\s*)?(?:\b(?:doi|DOI|URL|url)\s*:?\s*)?<?"
    rf"(?P<address>(?:https?://|www\.){_SIGN}+|\b10\.\d{{4,9}}/{_SIGN}+)>?(?P<close>\s*\))?"
)
_TAIL = re.compile(r"[.,;:!?'’*]+\Z")
_RESOLVER = re.compile(r"^(?:https?://)?(?:www\.)?(?:dx\.)?(?:doi\.org/)?", re.IGNORECASE)


def without_unknown_addresses(text: str, references: References, *, sign: str) -> str:
    """Return the text with `sign` for each address that no source's record has, its parentheses included."""
    if not _ADDRESS.search(text):
        return text
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
        if match["open"] and match["close"]:
            return sign
        return f"{match['open'] or ''}{sign}{tail[0] if tail else ''}{match['close'] or ''}"

    return _ADDRESS.sub(settle, text)


def _bare(address: str) -> str:
    return _RESOLVER.sub("", address).rstrip("/").casefold()
