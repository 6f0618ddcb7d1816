"""What is asked of the page: paper, margins, where its number stands, how much it holds."""

import re
from collections.abc import Iterator, Sequence

from tesigo.intake.requirements.phrases import LENGTH, amounts, is_refused, is_rule, length_of
from tesigo.intake.requirements.statements import Statement
from tesigo.intake.requirements.values import SIDES, Margins, Range

_PAPER = re.compile(
    r"\b(?P<name>a[345]|us[- ]letter|letter[- ]size\w*|(?<!cover )(?<!a )letter(?= (?:paper|format|page)))\b"
)
_CYRILLIC_PAPER = re.compile(r"\bа[345]\b")
_NO_PAPER = re.compile(
    r"\b(?:figur\w*|tavol\w*|tabell\w*|tables?|imag\w+|poster\w*|envelope|drawing\w*|рисунк\w*|таблиц\w*|"
    r"кресле\w*|"
    r"motorway|autobahn|audi|vitamin\w*|level|grade|band)\b"
)
_PAPER_WORD = re.compile(
    r"\b(?:paper|page|pages|sheet\w*|format\w*|size|foglio|fogli|carta|pagin\w+|аркуш\w*|папер\w*|"
    r"формат\w*|стор\w+|"
    r"margin\w*|spac\w+|font|interline\w*|print\w*|stamp\w*|друк\w*|поля)\b"
)
_MARGIN = re.compile(r"\b(?:margin\w*|поля|полів|полями|поле|берег\w*|geometry)\b")
_NO_MARGIN = re.compile(
    r"\bmargin\w* (?:of error|cost|note|effect)|profit margin|\bполе (?:зору|діял)|\bin margine\b|marginal"
)
_TOKEN = re.compile(
    rf"(?P<length>{LENGTH.pattern})|"
    r"(?P<except>\b(?:except|apart from|but|tranne|eccetto|salvo|крім|окрім|за винятком)\b)|"
    r"(?P<gutter>\b(?:gutter|rilegatura aggiuntiva|header|footer|intestazione|колонтитул\w*|абзац\w*|indent\w*|"
    r"rientr\w*|відступ\w*)\b)|"
    r"(?P<rest>\b(?:other|others|remaining|altri|restanti|інші|решта)\b)|"
    r"(?P<all>\b(?:all|each|every|everywhere|all around|all round|tutti|ciascun\w*|ogni|усіх|всіх|кожн\w+|"
    r"однаков\w+|"
    r"з усіх)\b)|"
    r"(?P<top>\b(?:top|upper|above|head|superior\w+|alto|sopra|верхн\w+|зверху|вгорі|згори|верх)\b)|"
    r"(?P<bottom>\b(?:bottom|lower|below|foot|inferior\w+|basso|sotto|нижн\w+|знизу|внизу|низ)\b)|"
    r"(?P<left>\b(?:left|inner|inside|binding|sinistr\w+|intern\w+|лів\w+|зліва|ліворуч)\b)|"
    r"(?P<right>\b(?:right|outer|outside|destr\w+|estern\w+|прав\w+|справа|праворуч)\b)"
)
_OTHER_TOPIC = re.compile(
    r"\b(?:font|typeface|spacing|spaced|interline\w*|carattere|corpo|шрифт\w*|інтервал\w*|кегл\w*|"
    r"page numbers?|"
    r"абзац\w*|numbering|number-align)\b"
)
_SMALLEST_MM, _LARGEST_MM = 5, 80
_SHORT = 40

_NUMBERED = re.compile(
    r"page[- ]numbers?\b|page[- ]numbering|\bpages? (?:\w+ ){0,3}(?:be |are )?numbered|"
    r"number(?:ing)? (?:the |all |of )?"
    r"(?:the )?pages?|pagination|number-align|numer\w+ (?:di |delle |della )?pagin\w+|"
    r"pagine (?:\w+ ){0,3}numerat\w+|numeraz\w+|"
    r"ном\w+ сторін\w+|нумер\w+ сторін\w+|сторінк\w+ (?:\w+ ){0,3}нумеру\w+|нумерац\w+|номер \w* ?ставл\w+"
)
_VERTICAL = {
    "top": r"\b(?:top|header|upper(?!-?case)|head|in alto|superiore|intestazione|верхн\w+|вгорі|угорі|"
    r"зверху)\b",
    "bottom": r"\b(?:bottom|foot(?:er)?|lower(?!-?\s?case)|in basso|inferiore|piè|piede|нижн\w+|внизу|"
    r"унизу|знизу)\b",
}
_HORIZONTAL = {
    "right": r"\b(?:right|destr\w+|прав\w+|праворуч|справа)\b",
    "left": r"\b(?:left|sinistr\w+|лів\w+|ліворуч|зліва)\b",
    "centre": r"\b(?:cent(?:re|er)\w*|centered|middle|central\w*|centrat\w*|al centro|centro|"
    r"центр\w*|посередині|по центру)\b",
    "outer": r"\b(?:outer|outside|estern\w+|зовнішн\w+)\b",
}
_FROM = {
    "first page after the title page": r"(?:after|following) (?:your |the )?(?:title|cover) page|"
    r"title page (?:does|has|is) "
    r"?(?:n't|not|no)|(?:dopo|successiva a\w*) (?:il |l)?frontespizio|після титульн\w+|"
    r"номер\w*(?: сторінки)? на ньому не|титульн\w+ (?:\w+ )?(?:номер\w* )?(?:\w+ )?не (?:став|нумер|"
    r"простав)\w*|на титульн\w+ \w+ (?:номер\w* )?не|"
    r"not (?:appear )?on the (?:title|cover) page|frontespizio non",
    "introduction": r"(?:from|starting (?:with|at|from)|begin\w* (?:with|at|"
    r"on)) the (?:first page of the )?introduction|"
    r"dall'introduzione|(?:від|починаючи зі?|з) (?:сторінки )?вступ\w*",
}

_LINES = r"(?:lines|righe|рядк\w+)(?! (?:abstract|spacing))"
_IN_A_LINE = r"(?:characters|caratteri|battute|знак\w+|символ\w+)"
_PER_PAGE = re.compile(
    r"per page|(?:to|on) a page|(?:each|every) page|per pagina|\bpagin[ae]\b|на сторін\w+|сторінк\w+"
)
_PER_LINE = re.compile(
    r"per line|(?:to|in) a line|(?:each|every) line|ciascuna|per riga|у рядку|в рядку|на рядок"
)


def find_paper(said: Statement) -> str | None:
    """Return the size of the paper, "A4" or "US Letter"; not what figures or posters are printed on."""
    text = said.folded
    cyrillic = _CYRILLIC_PAPER.search(text)
    match = cyrillic or _PAPER.search(text)
    if not match or _NO_PAPER.search(text) or is_refused(text, match.start(), match.end()):
        return None
    is_named = _PAPER_WORD.search(said.whole) or re.search(r"paper\s*:", text)
    if not is_named and not re.fullmatch(rf"\W*{match[0]}\b[^.]{{0,30}}", text.strip()):
        return None
    name = match[0].replace("а", "a")
    return name.upper() if name.startswith("a") else "US Letter"


def find_margins(said: Statement) -> Margins | None:
    """Return the margins that a statement names, in all or for some sides."""
    text = said.folded
    match = _MARGIN.search(text)
    if match is None:
        under = said.label.rpartition(" > ")[2]
        if not _MARGIN.search(said.label):
            return None
        text = f"{under}: {text}" if len(under) <= _SHORT else text
    place = 0
    if _NO_MARGIN.search(said.whole):
        return None
    if match:
        place = _start_of_margins(text, match)
    other = _OTHER_TOPIC.search(text, match.end() if match else place)
    return _margins_of(text[place : other.start() if other else len(text)])


def _start_of_margins(text: str, match: re.Match[str]) -> int:
    """Return where what is said of margins begins: a little before the word, "2.5 cm margins", "left margin"."""
    before = text[max(0, match.start() - 60) : match.start()]
    tail = re.split(r"[.;:|(](?:\s|$)|, and ", before)[-1]
    if _OTHER_TOPIC.search(tail) or "," in tail:
        tail = tail.rpartition(",")[2]
    return match.start() - len(tail)


def _margins_of(text: str) -> Margins | None:
    """Return the margins by the order of sides and lengths: "left 3 cm, right 2 cm" or "3 cm left and 2 cm right"."""
    found: dict[str, Range] = {}
    pending: list[str] = []
    length: Range | None = None
    skips = is_named = False
    for kind, measured in _tokens(text):
        if measured is None and kind == "gutter":
            skips = True
        elif measured is None and kind == "except":
            if length and not is_named:
                found |= dict.fromkeys(SIDES, length)
            pending, length = [], None
        elif measured is None:
            is_named = True
            sides = _sides_of(kind, found)
            found |= dict.fromkeys(sides, length) if length else {}
            pending += [] if length else sides
        elif skips:
            skips = False
        else:
            found |= dict.fromkeys(pending, measured)
            pending, length = [], None if pending else measured
    if length and not is_named and not found:
        found = dict.fromkeys(SIDES, length)
    is_likely = all(_SMALLEST_MM <= (side.least or 0) <= _LARGEST_MM for side in found.values())
    return Margins(**found) if found and is_likely else None


def _tokens(text: str) -> Iterator[tuple[str, Range | None]]:
    """Yield (which side or word it is, None) or ("length", the length)."""
    for token in _TOKEN.finditer(text):
        is_length = token["length"] is not None
        yield ("length", length_of(token)) if is_length else (str(token.lastgroup), None)


def _sides_of(kind: str, found: dict[str, Range]) -> Sequence[str]:
    if kind == "all":
        return SIDES
    if kind == "rest":
        return [side for side in SIDES if side not in found]
    return (kind,)


def find_page_number_place(said: Statement) -> str | None:
    """Return where the page's number stands: "bottom right", "top", "centre"."""
    text = said.folded
    match = _NUMBERED.search(text)
    if not match and not _NUMBERED.search(said.label):
        return None
    near = text[max(0, match.start() - 80) : match.end() + 120] if match else text
    if match and "number-align" in match[0]:
        near = text[match.end() : match.end() + 30]
    places = [
        next((name for name, pattern in places.items() if re.search(pattern, near)), "")
        for places in (_VERTICAL, _HORIZONTAL)
    ]
    return " ".join(filter(None, places)) or None


def find_page_number_start(said: Statement) -> str | None:
    """Return the first page that shows its number: after the title page, or the introduction."""
    if not _NUMBERED.search(said.whole):
        return None
    return next((name for name, pattern in _FROM.items() if re.search(pattern, said.folded)), None)


def find_lines_per_page(said: Statement) -> Range | None:
    """Return how many lines a page has."""
    if not _PER_PAGE.search(said.folded) or not (is_rule(said.whole) or len(said.folded) < 150):
        return None
    return next(
        (amount.range for amount in amounts(said.folded, _LINES) if 15 <= _size(amount.range) <= 80), None
    )


def find_characters_per_line(said: Statement) -> Range | None:
    """Return how many characters a line has."""
    if not _PER_LINE.search(said.folded):
        return None
    return next(
        (amount.range for amount in amounts(said.folded, _IN_A_LINE) if 30 <= _size(amount.range) <= 120),
        None,
    )


def _size(numbers: Range) -> float:
    return numbers.least or numbers.most or 0
