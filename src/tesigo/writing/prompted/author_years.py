"""Works named by author and year, as "(Smith, 2020)" or "Smith (2020)": told from those of our sources."""

import re
from collections.abc import Mapping

from tesigo.manuscript import Source
from tesigo.writing.prompted.references import References

_NAME = r"(?:(?:de|di|da|van|von|der|den|del|la|le)\s)?[A-ZА-ЯІЇЄҐÀ-Ý][\w'’ʼ-]+"
_MORE = rf"(?:(?:,\s|,?\s(?:and|&|та|і|й|e|ed)\s){_NAME}(?:,?\s[A-Z]\.)?){{0,5}}"
_OTHERS = r"(?:,?\s(?:et al\.?|and (?:colleagues|others)|та ін\.|та інші|e colleghi|e altri))?"
_YEAR = r"(?P<year>(?:19|20)\d\d)[a-z]?"
_PLACE = r"(?:\s*[,:]\s*(?:(?:pp?|с|pag|pagg|ch|chap|sec)\.?\s*)?\d+(?:\s*[–—-]\s*\d+)?)?"
_WORK = re.compile(rf"(?P<name>{_NAME}){_MORE}{_OTHERS},?\s{_YEAR}(?:\s*,\s*(?:19|20)\d\d[a-z]?)*{_PLACE}")
_LEADING = re.compile(
    r"(?:see(?: also)?|cf\.?|e\.g\.,?|for example,?|див\.|пор\.|напр\.|vedi|cfr\.?|ad es\.)\s+", re.IGNORECASE
)
_NAMED = re.compile(rf"(?P<name>{_NAME}){_MORE}{_OTHERS}(?:['’]s)?\s(?P<dated>\({_YEAR}{_PLACE}\))")


def keys_in_parentheses(inner: str, references: References) -> list[str] | None:
    """Return the keys of the known sources that the inside of a pair of parentheses names, None for no such list.

    [] means: it names works, and none of them is ours. A work is ours when its first author and its year are those
    of exactly one source.
    """
    works = [_WORK.fullmatch(_LEADING.sub("", part.strip())) for part in inner.split(";")]
    if not all(works):
        return None
    found = [_key(work["name"], work["year"], references.known) for work in works if work]
    return [key for key in found if key]


def without_unknown_names(sentence: str, references: References, *, sign: str) -> str:
    """Return the sentence with `sign` for the year after a name when the two are no known source's: "Smith (2020)"."""

    def settle(match: re.Match[str]) -> str:
        if _key(match["name"], match["year"], references.known):
            return match[0]
        return match[0][: match.start("dated") - match.start()].rstrip() + sign

    return _NAMED.sub(settle, sentence)


def _key(name: str, year: str, sources: Mapping[str, Source]) -> str:
    """Return the key of the one source by this first author in this year, "" when there is none or more."""
    wanted = name.casefold()
    keys = [
        key
        for key, source in sources.items()
        if source.year == int(year) and source.author_names and source.author_names[0].casefold() == wanted
    ]
    return keys[0] if len(keys) == 1 else ""
