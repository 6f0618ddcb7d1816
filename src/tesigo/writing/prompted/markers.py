"""Citation markers as models write them, brought to the one form that we issue; all others become a sign."""

import re
from collections.abc import Iterable

from tesigo.writing.prompted.author_years import LEADING, keys_in_parentheses
from tesigo.writing.prompted.references import References
from tesigo.writing.sentences import keys_of

UNKNOWN = "\ue000"
"""Stands where a reference stood that is none of ours; a private character, which no text has otherwise."""

FORGIVEN = "\ue001"
"""Stands where a marker stood that is only out of place: of a source of the document, where nothing is cited."""

OURS = re.compile(r"\[@[a-z][a-z0-9]*(?:; @[a-z][a-z0-9]*)*\]")
"""A marker in the one form that we issue."""

_REFERENCE = re.compile(
    r"\\[A-Za-z]{0,12}cite[A-Za-z]{0,12}\*?(?:\[[^\]]{0,80}\]){0,2}\{(?P<latex>[^{}]{1,400})\}"
    r"|【(?P<lenticular>[^】]{0,200})】"
    r"|\[(?P<bracket>[^\[\]]{1,400})\]"
    r"|\((?P<round>[^()\[\]]{1,400})\)"
    r"|@(?P<bare>[A-Za-z](?:[\w:.-]{0,80}\w)?)"
    r"|(?:(?<=[^\W\d_]{4})|(?<=[.,;:!?)”»]))(?P<raised>[⁰¹²³⁴-⁹]+(?:[,⁻–-][⁰¹²³⁴-⁹]+)*)"
)
_KEY = re.compile(r"@([A-Za-z](?:[\w:.-]*\w)?)")
_KEY_SHAPED = re.compile(r"@?[A-Za-z]{2,30}(?:\d{4}|nd)(?:[a-z]|z\d+)?")
_NUMBERS = re.compile(r"\^?\d{1,4}(?:\s*[,;–—-]\s*\d{1,4})*(?:\s*[†:].*)?")
_EMPTY_REFERENCE = re.compile(
    r"(?:citation|reference|source)s?(?: (?:needed|required|missing))?|refs?\.?|key"
    r"|author(?:s|\(s\))?,? (?:and )?(?:year|date)"
    r"|потрібн\w+ (?:джерело|посилання)|джерело|посилання|fonte|senza fonte|citazione necessaria"
    r"|(?:ibid(?:em)?|op\. cit|loc\. cit|там само|там же|ivi)\b.{0,20}",
    re.IGNORECASE,
)
_LOCATOR = re.compile(r"(?:pp?|с|стор|pagg?)\.\s*\d+(?:\s*[–—-]\s*\d+)?", re.IGNORECASE)
_WRAPPED = re.compile(r"\(\s*(\[@[^\[\]]*\])\s*\)")
_NEIGHBOURS = re.compile(r"(\[@[^\[\]]*\])(?:\s*[,;]?\s*(?=\[@)(\[@[^\[\]]*\]))+")
_PLAIN_BRACKETS = str.maketrans("【】", "()")
_ONE = rf"(?:\[@[^\[\]]*\]|{UNKNOWN})"
_AFTER_STOP = re.compile(
    rf"(?<!\bal)(?<!\bін)(?P<stop>[.!?…])(?P<mark>[”»]?) *(?P<markers>{_ONE}(?: *{_ONE})*)\.?"
    r"(?=\s+[^\sa-zа-яіїєґ]|\s*\Z)"
)


def marker_of(keys: Iterable[str]) -> str:
    """Return `[@one; @two]`, each key once."""
    return f"[{'; '.join(f'@{key}' for key in dict.fromkeys(keys))}]"


def canonical_markers(text: str, references: References) -> str:
    """Return the text with every citation of a citable source as `[@key]`, and a sign for each other reference.

    Of several keys in one bracket the citable ones stay. Locators go, because nothing proves them; keys are
    compared without regard to case and never by likeness, so that an invented work cannot become a real one.
    """
    known = _REFERENCE.sub(lambda match: _settled(match, references), text)
    return merged_markers(_WRAPPED.sub(r"\1", known.translate(_PLAIN_BRACKETS)))


def merged_markers(text: str) -> str:
    """Return the text with markers that stand beside each other as one, each key once."""

    def one(match: re.Match[str]) -> str:
        return marker_of(key for marker in OURS.findall(match[0]) for key in keys_of(marker))

    return _NEIGHBOURS.sub(one, text)


def markers_before_stops(text: str) -> str:
    """Return the text with each marker inside the sentence that it follows: "so. [@key] Next" → "so [@key]. Next"."""
    return _AFTER_STOP.sub(r"\g<mark> \g<markers>\g<stop>", text)


def _settled(match: re.Match[str], references: References) -> str:
    kind, inner = str(match.lastgroup), match[str(match.lastgroup)].strip()
    if kind == "raised":
        return UNKNOWN
    if kind == "latex":
        return _of_keys(re.split(r"[\s,;]+", inner), references)
    if kind == "bare" and _is_address(match):
        return match[0]
    if kind == "bare" or "@" in inner:
        found = _KEY.findall(f"@{inner}" if kind == "bare" else inner)
        is_text = not found and kind == "round"
        return match[0] if is_text else _of_keys(found, references)
    settled = _without_sign(kind, inner, references)
    if settled is None:
        return match[0][0] + _REFERENCE.sub(lambda one: _settled(one, references), match[kind]) + match[0][-1]
    return settled


def _is_address(match: re.Match[str]) -> bool:
    """Return whether it is the end of an address of mail."""
    before = match.string[match.start() - 1 : match.start()]
    return before.isalnum() and not _KEY_SHAPED.fullmatch(match["bare"])


def _without_sign(kind: str, inner: str, references: References) -> str | None:
    """Return what becomes of a bracket whose inside names no key with "@", None when it is no reference."""
    parts = [LEADING.sub("", part.strip()) for part in re.split(r"[;,]", inner)]
    firsts = [part.partition(" ")[0] for part in parts if part]
    keys = [first for first in firsts if _KEY_SHAPED.fullmatch(first)]
    if any(key.lower() in references.citable for key in keys):
        return _of_keys(keys, references)
    if _LOCATOR.fullmatch(inner):
        return FORGIVEN
    named = keys_in_parentheses(inner, references)
    if named:
        return _of_keys(named, references)
    are_all_keys = bool(firsts) and len(keys) == len(inner.split())
    is_empty = _EMPTY_REFERENCE.fullmatch(inner) and (kind == "bracket" or not inner.isalpha())
    is_number = kind == "bracket" and (_NUMBERS.fullmatch(inner) or inner.startswith("^"))
    is_foreign = kind == "lenticular" or named is not None or are_all_keys or is_empty or is_number
    return UNKNOWN if is_foreign else None


def _of_keys(names: Iterable[str], references: References) -> str:
    keys = [name.lower() for name in names]
    citable = [key for key in keys if key in references.citable]
    if citable:
        return marker_of(citable)
    return FORGIVEN if keys and all(key in references.forgiven for key in keys) else UNKNOWN
