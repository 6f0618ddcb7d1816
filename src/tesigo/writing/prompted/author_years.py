"""Works named by author and year, as "(Smith, 2020)" or "Smith (2020)": told from those of our sources."""

import re
from collections.abc import Mapping

from tesigo.manuscript import Source
from tesigo.writing.prompted.references import References

LEADING = re.compile(
    r"(?:(?:see(?: also)?|cf\.?|e\.g\.,?|for example,?|as (?:in|shown by|told by|cited in)|(?:cited|quoted) in"
    r"|by|from|after|according to|following|adapted from|див\.(?: також)?|пор\.|напр\.,?|за|цит\. за"
    r"|vedi(?: anche)?|cfr\.?|ad es\.,?|secondo|da|citato in)\s+)+",
    re.IGNORECASE,
)
"""What stands before a reference inside parentheses."""

_WORD = r"[A-ZА-ЯІЇЄҐÀ-Ý][\w'’ʼ-]*\.?"
_SMALL = r"(?:(?:de|di|da|du|van|von|der|den|del|della|la|le|of|for|on|the)\s){0,2}"
_NAME = rf"{_SMALL}{_WORD}(?:\s{_SMALL}{_WORD}){{0,5}}"
_MORE = rf"(?:(?:,\s|,?\s(?:and|&|та|і|й|e|ed)\s){_NAME}){{0,5}}"
_OTHERS = r"(?:,?\s(?:et al\.?|and (?:colleagues|others)|та ін\.|та інші|e colleghi|e altri))?"
_YEAR = r"(?P<year>(?:19|20)\d\d)[a-z]?"
_PLACE = r"(?:\s*[,:]\s*(?:(?:pp?|с|pag|pagg|ch|chap|sec)\.?\s*)?\d+(?:\s*[–—-]\s*\d+)?)?"
_WORK = re.compile(rf"(?P<name>{_NAME}){_MORE}{_OTHERS},?\s{_YEAR}(?:\s*,\s*(?:19|20)\d\d[a-z]?)*{_PLACE}")
_NAMED = re.compile(rf"(?P<name>{_NAME}){_MORE}{_OTHERS}(?:['’]s?)?\s(?P<dated>\({_YEAR}{_PLACE}\))")


def keys_in_parentheses(inner: str, references: References) -> list[str] | None:
    """Return the keys of the known sources that the inside of a pair of parentheses names, None for no such list.

    [] means: it names works, and none of them is ours. A work is ours when its first author and its year are those
    of exactly one source.
    """
    works = [_WORK.fullmatch(LEADING.sub("", part.strip())) for part in inner.split(";")]
    if not all(works):
        return None
    found = [_keys(work["name"], work["year"], references.known) for work in works if work]
    return [keys[0] for keys in found if len(keys) == 1]


def without_unknown_names(sentence: str, references: References, *, sign: str) -> str:
    """Return the sentence with `sign` for the year after a name when the two are no known source's: "Smith (2020)"."""

    def settle(match: re.Match[str]) -> str:
        if _keys(match["name"], match["year"], references.known):
            return match[0]
        return match[0][: match.start("dated") - match.start()].rstrip() + sign

    return _NAMED.sub(settle, sentence)


def _keys(name: str, year: str, sources: Mapping[str, Source]) -> list[str]:
    """Return the keys of the sources whose first author has this family name, or ends in it, in this year."""
    wanted = name.casefold().split()[-1]
    return [
        key
        for key, source in sources.items()
        if source.year == int(year)
        and source.author_names
        and source.author_names[0].casefold().split()[-1:] == [wanted]
    ]
