"""What is asked of the type: font, sizes, spacing, indent, justification."""

import re

from tesigo.intake.requirements.phrases import DECIMAL, LENGTH, decimal_of, is_refused, is_rule, length_of
from tesigo.intake.requirements.statements import Statement
from tesigo.intake.requirements.values import Range

_FONTS = {
    name.lower(): name
    for name in (
        "Times New Roman", "Arial", "Calibri", "Cambria", "Garamond", "EB Garamond", "Georgia", "Helvetica",
        "Courier New", "Courier", "Verdana", "Tahoma", "Book Antiqua", "Bookman Old Style", "Palatino Linotype",
        "Palatino", "Century Schoolbook", "Century Gothic", "Liberation Serif", "Liberation Sans", "Latin Modern",
        "Latin Modern Roman", "Computer Modern", "Lucida Sans Unicode", "Lucida Bright", "PT Serif", "PT Sans",
        "DejaVu Serif", "DejaVu Sans", "Trebuchet MS", "Open Sans", "Roboto", "Noto Serif", "Noto Sans", "Aptos",
        "Comic Sans", "Baskerville", "Linux Libertine", "Charter", "Univers", "Segoe UI", "Source Sans Pro",
        "Gill Sans", "Franklin Gothic",
    )
} | {"times": "Times New Roman"}  # fmt: skip
_FONT = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, _FONTS), key=len, reverse=True))})\b")
_FONT_WORD = re.compile(
    r"\b(?:fonts?|typefaces?|type|caratter\w+|шрифт\w*|гарнітур\w*|кегл\w*|кегель|font-family|size|pt|пт|"
    r"corpo|spaced|spacing|interline\w*|інтервал\w*|margin\w*|поля)\b|\dpt"
)
_CODE_FONTS = re.compile(r"\b(?:code|listing\w*|raw|codice|listat\w+|лістинг\w*|код\w*|програм\w+)\b")
_FALLBACKS = re.compile(r"font(?:-family)?\s*:\s*\(?\s*\"[^\"]*\"\s*,")

_TOPICS = {
    "table": r"tables?\b|tabell\w+|таблиц\w*",
    "footnote": r"footnotes?\b|endnotes?\b|notes\b|\bnot[ae]\b|piè di pagina|виноск\w*|приміт\w*",
    "other": r"head(?:ing|line|er)s?\b|titles?\b|subhead\w+|section (?:name|title)s?\b|captions?\b|"
    r"chapter(?: title)?s?\b|"
    r"quot(?:es?\b|ation\w*)|listing\w*|\bcode\b|\braw\b|figures?\b|references?\b|bibliograph\w+|"
    r"works cited|page numbers?\b|"
    r"abstract\b|cover\b|appendi\w+|formula\w*|equation\w*|footer\w*|\btitol\w+|sottotitol\w+|"
    r"intestazion\w+|didascali\w+|"
    r"citazion\w+|bibliografi\w+|frontespizi\w+|numer\w+ di pagin\w+|"
    r"заголов\w*|назв\w*|підпис\w*|цитат\w*|лістинг\w*|рисунк\w*|посилан\w*|літератур\w*|титул\w*|"
    r"додат\w*|формул\w*|"
    r"номер\w* сторін\w*|колонтитул\w*",
    "body": r"main text|body|running text|\btext\b|corpo del testo|\btesto\b|основн\w+ текст\w*|"
    r"\bтекст\w*|throughout|entire|"
    r"whole",
}
_TOPIC = re.compile("|".join(rf"(?P<{name}>\b(?:{pattern}))" for name, pattern in _TOPICS.items()))
_TOPIC_AFTER = re.compile(
    r"\s*(?:\(|for|in|per (?:il |le |i |la )?|nel\w* |для|у|в)\s*(?:the |all )?"
    + "(?:"
    + "|".join(rf"(?P<{name}>\b(?:{pattern}))" for name, pattern in _TOPICS.items())
    + ")"
)

_POINTS = r"(?:-?\s?(?:pt|pts|пт|points?|punti|punto|пункт\w*|кегл\w*|pp)\b\.?)"
_SIZE = re.compile(
    rf"(?P<a>{DECIMAL})\s*{_POINTS}?\s*(?:(?:-|/|or|to|and|o|a|або|чи|до|и)\s*(?P<b>{DECIMAL})\s*)?{_POINTS}"
)
_BARE_SIZE = re.compile(
    rf"(?:\b(?:font[- ]size|size|corpo|dimension\w+|кегл\w*|кегель|розмір\w*(?: шрифт\w*)?|"
    rf"{_FONT.pattern})\b)[\s:,=(-]*"
    rf"(?:of|is|di|del testo|carattere|font|шрифт\w*|-|normal|style|must be|should be|або|\s)*"
    rf"(?P<a>{DECIMAL})(?:\s*(?:-|/|or|to|o|або|чи)\s*(?P<b>{DECIMAL}))?"
    r"(?=\s*(?:$|[,.;:)(|/]|\b(?:for|and|with|regular|normal|throughout|per|nel\w*|e|con|для|у|в|з|і|та|"
    r"через)\b))"
)
_NAMED_SIZE = re.compile(rf"(?P<a>{DECIMAL})(?P<b>(?!))?(?={_TOPIC_AFTER.pattern})")
_SMALLEST, _LARGEST = 6, 20

_WORD_SPACING = {
    1.0: r"single|singola|одинарн\w+|одиничн\w+",
    1.5: r"one[- ]and[- ](?:a[- ])?half|1½|un[oa] e mezz[oa]|полуторн\w+|півтор\w+",
    2.0: r"double|doppia|подвійн\w+",
}
_SPACING_NOUN = (
    r"(?:line[- ]?)?spac(?:ed|ing)|interline\w*|interrig\w*|spaziatura|інтервал\w*|line[- ]height|leading"
)
_SPACING_AFTER = re.compile(
    rf"(?P<value>{DECIMAL})(?:\s?-\s?| )?(?:{_SPACING_NOUN}|lines?\b(?! of)|line[- ]spac\w+|міжрядков\w+|"
    rf"x line)"
)
_SPACING_BEFORE = re.compile(
    r"(?:line[- ]?spac(?:ing|e)|\bspacing|spaced(?: at)?|interline\w*|interrig\w*|spaziatura|"
    r"міжрядков\w+(?: інтервал\w*)?|інтервал\w*)"
    r"[^.;:|\d]{0,35}?[:|=\s-]*[^.;:|\d]{0,25}?"
    rf"(?P<value>{DECIMAL})(?:\s*(?:-|to|o|a|or|до)\s*(?P<most>{DECIMAL}))?(?!\s*(?:pt|mm|мм|пт|em|%))"
)
_SPACING_WORD = re.compile(
    "|".join(
        rf"(?:\b(?:{words})(?:[- ]+(?:line[- ]?)?spac\w+|(?: міжрядков\w+)? інтервал\w*| interline\w*)|"
        rf"(?:spacing|interline\w*|interrig\w*|spaziatura|інтервал\w*)(?: \w+){{0,2}}[\s:|"
        rf"=-]*(?: \w+){{0,2}}?\s*"
        rf"\b(?:{words})\b)"
        for words in _WORD_SPACING.values()
    )
)

_INDENT = re.compile(
    r"first[- ]line[- ]indent\w*|indent\w*|rientr\w+|capovers\w+|абзац\w*(?: відступ\w*)?|"
    r"відступ\w* (?:абзац\w*|першого)"
)
_NO_INDENT = re.compile(r"\bhanging\b|sporgent\w+|block quot\w+|\bvisn\w+|without indent|no indent|виступ\w*")
_JUSTIFIED = re.compile(
    r"\b(?:fully[- ]justif\w+|justified (?:text|alignment|margins?|paragraphs?|type)|justify\s*[:=]\s*true|"
    r"(?:text|paragraphs?|align\w*|margins?|body)\b[^.;]{0,40}\bjustif(?:ied|y|ication)\b|"
    r"justif(?:y|ied)\b[^.;]{0,20}\b(?:text|margins?|both sides)|"
    r"(?:testo|allineamento|paragraf\w+)[^.;]{0,30}\bgiustificat\w+|giustificazione del testo|"
    r"testo giustificato|"
    r"(?:вирівн\w+|текст\w*)[^.;]{0,40}\b(?:по|за) ширин\w+|(?:по|за) ширин\w+ (?:сторінк|аркуш)\w*|"
    r"вирівнювання\W+(?:по|за) ширин\w+)"
)
_RAGGED = re.compile(
    r"\b(?:ragged[- ]right|left[- ](?:aligned|justified|align)\b|flush left|align(?:ed)? (?:to the )?left|"
    r"allineat\w+ a sinistra|allineamento a sinistra|(?:по|за) лів\w+ кра\w+)"
)


def find_fonts(said: Statement) -> tuple[str, ...] | None:
    """Return the fonts of the text, each of which will do; not those of listings, nor those that are refused."""
    text = said.folded
    if _CODE_FONTS.search(text) and not re.search(r"\b(?:text|testo|текст)\b", text):
        return None
    if not (_FONT_WORD.search(said.whole) or is_rule(said.whole) or len(text.strip()) < 40):
        return None
    names: list[str] = []
    for match in _FONT.finditer(text):
        if match[0] == "times" and not re.search(r"\bfont|typeface|caratter|шрифт", said.whole):
            continue
        if (
            not is_refused(text, match.start(), match.end())
            and _topic_at(said, match.start(), match.end()) == "body"
        ):
            names.append(_FONTS[match[0]])
    if names and _FALLBACKS.search(text):
        del names[1:]
    return tuple(dict.fromkeys(names)) or None


def find_size(said: Statement) -> Range | None:
    """Return the size of the running text."""
    return _size_of(said, "body")


def find_table_size(said: Statement) -> Range | None:
    """Return the size of what stands in tables."""
    return _size_of(said, "table")


def find_footnote_size(said: Statement) -> Range | None:
    """Return the size of the notes."""
    return _size_of(said, "footnote")


def _size_of(said: Statement, topic: str) -> Range | None:
    text = said.folded
    for pattern in (_SIZE, _BARE_SIZE, _NAMED_SIZE):
        for match in pattern.finditer(text):
            first = decimal_of(match["a"])
            last = decimal_of(match["b"]) if match["b"] else first
            if not _SMALLEST <= first <= last <= _LARGEST or _is_spacing(text, match):
                continue
            named = _FONT.match(text, match.start())
            begins = named.end() if named else match.start()
            if (
                is_refused(text, match.start("a"), match.end())
                or _topic_at(said, begins, match.end()) != topic
            ):
                continue
            if not (_FONT_WORD.search(said.whole) or _FONT.search(text)):
                continue
            return Range(first, last)
    return None


def _is_spacing(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 40) : match.start()]
    return bool(
        re.search(
            r"(?:spac\w+|interline\w*|інтервал\w*|before|after|prima|dopo|line|leading)[^,.;]{0,20}$", before
        )
        or re.match(r"\s*(?:of )?(?:spac|before|after|line|interline)", text[match.end() :])
    )


def _topic_at(said: Statement, start: int, end: int) -> str:
    """Return what the words from start to end are about: body, table, footnote or other."""
    after = _TOPIC_AFTER.match(said.folded, end)
    if after:
        return str(after.lastgroup)
    before = said.folded[max(0, start - 160) : start]
    cut = [match.end() for match in re.finditer(r"[.;!?](?=\s)|[()]", before)]
    topics = list(_TOPIC.finditer(before, cut[-1] if cut else 0)) or list(_TOPIC.finditer(said.label))
    return str(topics[-1].lastgroup) if topics else "body"


def find_line_spacing(said: Statement) -> Range | None:
    """Return the spacing of the running text as a multiple: 1.5, 2."""
    text = said.folded
    for pattern in (_SPACING_AFTER, _SPACING_BEFORE):
        for match in pattern.finditer(text):
            value = decimal_of(match["value"])
            most = decimal_of(match["most"]) if match.groupdict().get("most") else value
            if 0.8 <= value <= most <= 3 and _concerns_text(said, match):
                return Range(value, most)
    for match in _SPACING_WORD.finditer(text):
        if _concerns_text(said, match):
            return Range(
                *2 * [next(n for n, words in _WORD_SPACING.items() if re.search(rf"\b(?:{words})", match[0]))]
            )
    return None


def _concerns_text(said: Statement, match: re.Match[str]) -> bool:
    words = said.folded[match.start() : match.end() + 20]
    if re.search(r"paragraph spac|before|after the para|letter[- ]spac|character spac", words):
        return False
    refused = is_refused(said.folded, match.start(), match.end())
    return not refused and _topic_at(said, match.start(), match.end()) == "body"


def find_indent(said: Statement) -> Range | None:
    """Return how far the first line of a paragraph is set in, in millimetres."""
    text = said.folded
    match = _INDENT.search(text)
    if not match or _NO_INDENT.search(text):
        return None
    near = text[match.end() : match.end() + 60]
    length = LENGTH.search(near) or LENGTH.search(text[max(0, match.start() - 25) : match.start()])
    if not length:
        return None
    found = length_of(length)
    is_list = re.search(r"\b(?:enum|list)\b", text[max(0, match.start() - 40) : match.start()])
    return found if 2 <= (found.least or 0) <= 30 and not is_list else None


def find_justification(said: Statement) -> bool | None:
    """Return whether lines are to be justified, None when nothing is said."""
    text = said.folded
    ragged = _RAGGED.search(text)
    match = _JUSTIFIED.search(text)
    if match:
        around = text[max(0, match.start() - 30) : match.end()]
        return not re.search(r"\b(?:not|never|non|не)\b", around)
    if ragged and re.search(r"\b(?:text|paragraphs?|testo|текст\w*)\b", said.whole) and is_rule(said.whole):
        return False
    return None
