"""Numbers, bounds, lengths and refusals, as rules are written in English, Italian and Ukrainian."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tesigo.intake.requirements.values import Range

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "fifteen": 15, "twenty": 20, "twenty-five": 25, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "eighty": 80, "due": 2, "tre": 3, "quattro": 4, "cinque": 5, "sei": 6, "sette": 7, "otto": 8,
    "nove": 9, "dieci": 10, "dodici": 12, "quindici": 15, "venti": 20, "venticinque": 25, "trenta": 30,
    "quaranta": 40, "cinquanta": 50, "sessanta": 60, "ottanta": 80, "cento": 100, "двох": 2, "два": 2, "три": 3,
    "трьох": 3, "чотири": 4, "п'ять": 5, "п'яти": 5, "десять": 10, "десяти": 10, "п'ятнадцять": 15,
    "п'ятнадцяти": 15, "двадцять": 20, "двадцяти": 20, "тридцять": 30, "тридцяти": 30, "сорок": 40,
    "п'ятдесят": 50, "п'ятдесяти": 50,
}  # fmt: skip
DECIMAL = r"(?<![\d.,])\d{1,3}(?:[.,]\d{1,2})?(?!\d|[.,]\d)"
_COUNT = (
    r"(?<![\d.,/])(?:\d{1,3}(?:[ .,']\d{3})+|\d+|"
    rf"\b(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b)(?![\d])"
)
_AND = r"(?:\s*-\s*|\s+(?:to|and|or|a|e|o|ai|alle|agli|ed|до|і|й|та|або|чи)\s+(?:le\s+|the\s+|i\s+)?)"
_MOST = (
    r"no more than|not more than|at most|up to|(?:not|never|n't) (?:be )?(?:exceed|longer|more|larger|over)\w*|"
    r"no longer than|without exceeding|maximum|max\b|limit\w*|fewer than|less than|under|within|"
    r"no older than|al massimo|massim\w+|fino a|non (?:\w+ )?(?:super|eccede|oltre|più)\w*|non oltre|"
    r"inferior\w+ a|entro|limite|не (?:більш|довш|перевищ|старш)\w*|не має перевищ\w*|"
    r"не повин\w+ перевищ\w*|максим\w+|щонайбільше|ліміт"
)
_LEAST = (
    r"no (?:fewer|less) than|not (?:be )?(?:less|fewer|shorter) than|at least|minimum|min\b|or more|"
    r"more than|over|above|almeno|minim\w+|non (?:\w+ )?(?:meno|inferior\w+)|più di|oltre|не менш\w*|"
    r"мінім\w+|щонайменше|понад|більше ніж"
)
_BOUND = re.compile(rf"\b(?:(?P<least>(?<!not )(?<!no )(?<!non )(?<!не )(?:{_LEAST}))|(?P<most>{_MOST}))")
_AFTER = re.compile(
    r"[\s,(]*(?:(?P<least>or more|minimum|min\b|at least|and more|o più|e oltre|minimo|і більше|мінімум)|"
    r"(?P<most>maximum|max\b|at most|or (?:less|fewer)|massimo|al massimo|o meno|максимум|і менше))"
)
_BETWEEN = rf"(?:\s*,?\s*(?:and|but|e|ma|і|та|але)?\s*(?:an? |un )?(?:{_MOST})\s*(?:di\s+|of\s+|ніж\s+)?)"
_CLAUSE = re.compile(r"[.;:!?()]|,? (?:but|ma|але|however|натомість|whereas|mentre) ")
_LOOK_BACK = 50
_UNITS_MM = {"mm": 1.0, "millim": 1.0, "мм": 1.0, "cm": 10.0, "centim": 10.0, "см": 10.0, "сант": 10.0}
LENGTH = re.compile(
    rf"(?P<a>{DECIMAL})\s*(?:(?:-|to|or|a|o|до|або)\s*(?P<b>{DECIMAL})\s*)?"
    r"(?P<unit>mm\b|millim\w+|мм\b|cm\b|centim\w+|см\b|сантим\w+|in\b(?!\s+(?:the|a)\b)|inch\w*|\"|''|"
    r"pollic\w+|дюйм\w*|pt\b)"
)
_REFUSAL = re.compile(
    r"\b(?:not|no|never|avoid\w*|without|instead of|rather than|don't|nor|non|mai|evitar\w+|senza|"
    r"invece d\w+|anziché|"
    r"vietat\w+|не|без|замість|уник\w+|заборон\w+)\b"
    r"(?! (?:exceed|less|more|fewer|smaller|larger|longer|later|older|only|be (?:less|more|smaller|"
    r"larger)|super|"
    r"meno|inferior|"
    r"più|oltre|solo|менш|більш|перевищ|нижч|лише|тільки))"
)
_FRESH = re.compile(
    r".*(?:[.;!?(]|\bbut\b|\bma\b|\bbensì\b|\bале\b|\bнатомість\b|,\s*а\b|\binstead,|"
    r"(?<!not )(?<!never )(?<!n't )(?<!to )\buse\b(?! of)|,\s*(?:usare|utilizzare|використовувати)\b)"
)
_REFUSED_AFTER = re.compile(
    r"[^.;:!?]{0,30}?\b(?:(?:is|are|be|must|should|may|can|will)\s*(?:not|n't)\b|cannot\b|not (?:allowed|"
    r"permitted|"
    r"accepted)|forbidden|prohibited|non (?:è|sono|va|vanno|deve|devono|può|possono)\b|vietat\w+|"
    r"не (?:допуск|дозвол|використ|рекоменд|приймаєт)\w*|заборон\w+)(?!\s*(?:be )?(?:exceed|super|eccede|"
    r"перевищ))"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of something, and where it stands. is_bound: a word says that it is a limit, or it is a range."""

    range: Range
    start: int
    end: int
    is_bound: bool


def amounts(folded: str, unit: str) -> Iterator[Amount]:
    """Yield how many of a unit (a pattern) are spoken of: exactly, at least, at most, or from so many to so many."""
    pattern = _amount_pattern(unit)
    for match in pattern.finditer(folded):
        first, second = (count_of(match[name]) if match[name] else None for name in ("a", "b"))
        if first is None:
            continue
        if second is not None and second >= first:
            yield Amount(Range(first, second), match.start(), match.end(), is_bound=True)
            continue
        number = first if second is None else second
        kind = _bound_before(folded, match.start()) or _bound_after(folded, match.end())
        bounds = {"least": Range(number, None), "most": Range(None, number)}
        found = bounds.get(kind, Range(number, number))
        yield Amount(found, match.start(), match.end(), is_bound=bool(kind))


def entries(folded: str, unit: str) -> Iterator[Amount]:
    """Yield the amount of an entry that names the unit first: "Number of pages: 50-70"."""
    label = r"(?:(?:number|count|amount|numero|кількість)(?: of| di| minimo di)? )?"
    for match in re.finditer(
        rf"^\W*{label}(?:{unit})\W*[:|=(-]\W*(?P<a>{_COUNT})(?:{_AND}(?P<b>{_COUNT}))?\W*$", folded
    ):
        first = count_of(match["a"])
        last = count_of(match["b"]) if match["b"] else first
        yield Amount(Range(first, last), match.start(), match.end(), is_bound=True)


def _amount_pattern(unit: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!-)(?P<a>{_COUNT})(?:(?:{_AND}|{_BETWEEN})(?P<b>{_COUNT}))?[\s+]*(?:{unit})")


def count_of(digits: str) -> float:
    """Return the number that digits (their thousands apart) or a word stand for."""
    return float(_WORDS.get(digits) or re.sub(r"[ .,']", "", digits))


def decimal_of(digits: str) -> float:
    """Return the number, its decimals after a point or a comma."""
    return float(digits.replace(",", "."))


def _bound_before(folded: str, place: int) -> str:
    """Return "least" or "most" by the last word of a bound in the same clause, "" when there is none."""
    before = folded[max(0, place - _LOOK_BACK) : place]
    cut = [match.end() for match in _CLAUSE.finditer(before) if before[match.start()] != ":"]
    bounds = list(_BOUND.finditer(before, cut[-1] if cut else 0))
    return (bounds[-1].lastgroup or "") if bounds else ""


def _bound_after(folded: str, place: int) -> str:
    match = _AFTER.match(folded, place)
    return (match.lastgroup or "") if match else ""


def length_of(match: re.Match[str]) -> Range:
    """Return what a match of `LENGTH` says, in millimetres to the tenth."""
    unit = match["unit"]
    factor = next((mm for name, mm in _UNITS_MM.items() if unit.startswith(name)), 25.4)
    if unit == "pt":
        factor = 25.4 / 72
    first = round(decimal_of(match["a"]) * factor, 1)
    last = round(decimal_of(match["b"]) * factor, 1) if match["b"] else first
    return Range(min(first, last), max(first, last))


def is_refused(folded: str, start: int, end: int) -> bool:
    """Whether what stands from start to end is what shall not be: "do not use Arial", "Arial is not allowed"."""
    before = folded[max(0, start - 90) : start]
    fresh = _FRESH.match(before)
    return bool(
        _REFUSAL.search(before, fresh.end() if fresh else 0) or _REFUSED_AFTER.match(folded[end : end + 70])
    )


_RULE = re.compile(
    r"\b(?:must|should|shall|requir\w+|needs? to|ha(?:ve|s) to|please|use|set|ensure|make sure|format\w*|"
    r"recommend\w*|"
    r"expect\w*|is to be|are to be|maximum|minimum|at least|at most|limit|normally|normalmente|зазвичай|"
    r"not exceed|guidelines?|"
    r"dev(?:e|ono|i)|dovr\w+|va|vanno|occorre|necessari\w+|obbligator\w+|utilizz\w+|usa(?:re)?|massim\w+|"
    r"minim\w+|"
    r"almeno|compres\w+|richiest\w+|è previst\w+|consigli\w+|"
    r"повин\w+|має|мають|необхідн\w+|слід|треба|потрібн\w+|рекоменд\w+|обов'язк\w+|використов\w+|"
    r"не менш\w*|не більш\w*|оформл\w+|викону\w+|друку\w+|набира\w+|вимог\w+)\b"
)
_PAST = re.compile(
    r"\b(?:was|were|had|been|wrote|used|found|reported|collected|analy[sz]ed|recruited|included|we)\b"
)


_TOLD = re.compile(
    r"\b(?:was|were|had|wrote|reported|collected|analy[sz]ed|recruited|participants|we (?:also |"
    r"then )?(?:used|\w+ed)|"
    r"furono|fu|è stat[oa]|sono stat[ie]|було|були|взяли)\b"
)
_ASKED = re.compile(r"\b(?:must|shall|please|should|dev(?:e|ono)|повин\w+|необхідно|слід)\b")


def is_told(folded: str) -> bool:
    """Whether a sentence tells what somebody did."""
    return _TOLD.search(folded) is not None and not _ASKED.search(folded)


def is_rule(folded: str) -> bool:
    """Whether a sentence asks for something rather than telling what was done."""
    return _RULE.search(folded) is not None and not (
        _PAST.search(folded) and not re.search(r"\b(?:must|shall|please|should)\b", folded)
    )
