"""What the first page of a paper tells of it: title, authors, year and DOI, by rules; nothing is guessed.

The title are the largest letters, the authors stand below it, the year stands beside "published", "©" or the DOI. What
no rule finds is left out, because a wrong author in a list of references is worse than none.
"""

import re
from collections.abc import Iterator, Sequence

from tesigo.intake.csl import clean_text
from tesigo.intake.prose_files import Described

Lines = Sequence[tuple[float, str]]

_LONGEST_TITLE = 300
_FEWEST_LETTERS = 8
_MOSTLY_LETTERS = 0.7
_MOST_TITLE_LINES = 6
_SAME_HEIGHT = 0.985
_NEARLY_SAME_HEIGHT = 0.9
_LARGER = 1.12
_NO_TITLE = re.compile(
    r"(?:untitled|microsoft word|document\d*|\S+\.\w{2,4}$|.*\.(?:docx?|tex|dvi|pdf|indd|rtf|odt)\b)",
    re.IGNORECASE,
)

_NO_HEADING_OF_ALL = re.compile(
    r"(?:table of )?contents?|(?:research|original|review) article|indice|зміст|letter to the editor",
    re.IGNORECASE,
)

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>{}|\\^`]+")
_REFERENCES = re.compile(
    r"\W*\d*\W*(?:references|bibliography|literature cited|riferimenti(?: bibliografici)?|bibliografia|"
    r"список (?:використаних )?(?:джерел|літератури)|література|bibliografía|referencias)\W*",
    re.IGNORECASE,
)
_CITED_AS = re.compile(r"\bdoi\b|doi\.org", re.IGNORECASE)

_YEAR = r"\b(1[89]\d\d|20\d\d)\b"
_YEAR_RULES = tuple(
    re.compile(rule, re.IGNORECASE)
    for rule in (
        rf"\b(?:first |available )?(?:published|pubblicato|опубліковано|publicado|publié)\b[^.]{{0,40}}?{_YEAR}",
        rf"arXiv:\d{{4}}\.\d{{4,5}}(?:v\d+)?.{{0,30}}?{_YEAR}",
        rf"(?:©|\(c\)|copyright)\s*(?:\S+\s+){{0,3}}?{_YEAR}",
        rf"\b(?:vol(?:ume)?\.?|v\.|том|т\.)\s*\d+.{{0,40}}?{_YEAR}",
        rf"\d+\s*:\s*e?\d+\S*,\s*{_YEAR}",
        rf"\(\s*{_YEAR}\s*\)(?=.*(?:doi|https?:))",
        rf"\b(?:accepted|accettato|прийнято|aceptado|aprobado)\b[^.]{{0,60}}?{_YEAR}",
    )
)

_ENDS_AUTHORS = re.compile(
    r"\W*(?:\d+\W*)?(?:abstract|summary|resumen|résumé|zusammenfassung|riassunto|sommario|анотація|реферат|introduction|"
    r"introduzione|вступ|keywords?|key words|parole chiave|ключові слова)\b|.*@|.*\bdoi\b|.*https?:",
    re.IGNORECASE,
)
_ORGANISATION = re.compile(
    r"\b(?:universi\w*|institut\w*|department|departamento|dipartimento|dept|faculty|facultad|facoltà|school|laborator\w*|"
    r"centre|center|centro|college|academy|academia|hospital|ministry|research|group|company|inc|ltd|gmbh|corporation|"
    r"foundation|society|council|university|університет\w*|інститут\w*|кафедр\w*|академі\w*|факультет\w*|"
    r"division|branch|agency|observatory|consulting)\b",
    re.IGNORECASE,
)
_ORCID = re.compile(r"\b\d{4}-\d{4}-\d{4}-\d{3}[\dXx]\b")
_FOOTNOTE_SIGNS = re.compile(r"[\d⁰¹²³⁴-⁹*†‡§¶#∗✉]+|\((?:\w|\d+)\)")
_BETWEEN_NAMES = re.compile(r"\s*[,;·•|]\s*|\s+(?:and|&|y|und|et|та|і|й)\s+|\s+e\s+(?=[A-ZÀ-Þ])")
_PARTICLE = frozenset(
    "de da do dos das del della di du la le van von der den ter ten el al bin ibn zu y e af".split()  # noqa: SIM905 - a list of words
)
_NAME_WORD = re.compile(r"(?:[A-ZÀ-ÞĀ-ŽА-ЯІЇЄҐ][\w’'ʼ.-]*|[A-ZÀ-ÞА-ЯІЇЄҐ]\.(?:-?[A-ZÀ-ÞА-ЯІЇЄҐ]\.)*)\Z")
_MOST_AUTHOR_LINES = 40
_MOST_NAME_WORDS = 5


def describe_paper(lines: Lines, *, told_title: str, told_author: str) -> Described:
    """Return what the first page tells; title "" when it tells none.

    lines: (height of the letters, line) in the order of the file. told_title, told_author: by the file's metadata,
    which is believed where the page says the same, and about the title where the page says nothing.
    """
    usable = _usable_title(told_title)
    place, title = _find_title(lines, usable)
    authors = tuple(_find_authors(lines, place)) if place is not None else ()
    return Described(
        title=title or usable,
        authors=authors or _authors_on_page(lines, told_author),
        year=_find_year([line for _, line in lines]),
        doi=find_doi([line for _, line in lines]),
    )


def find_doi(lines: Sequence[str]) -> str:
    """Return the DOI by which the page names its own work, "" when there is none.

    The one that stands most often before a list of references; of several, one behind "doi" goes first.
    """
    found: dict[str, int] = {}
    for line in lines:
        if _REFERENCES.fullmatch(line):
            break
        for match in _DOI.finditer(line):
            is_named = bool(_CITED_AS.search(line))
            doi = _trimmed(match[0])
            found[doi] = found.get(doi, 0) + 1 + is_named
    return max(found, key=lambda doi: found[doi], default="")


def _trimmed(doi: str) -> str:
    """Return the DOI without what the sentence around it has added."""
    doi = doi.rstrip(".,;:'’”»*")
    while doi.endswith((")", "]")) and doi.count("(") + doi.count("[") < doi.count(")") + doi.count("]"):
        doi = doi[:-1].rstrip(".,;:")
    return doi


def _usable_title(told: str) -> str:
    title = clean_text(told)
    is_usable = 4 < len(title) < _LONGEST_TITLE and not _NO_TITLE.match(title) and "\ufffd" not in title
    return title if is_usable else ""


def _find_title(lines: Lines, told: str) -> tuple[int | None, str]:
    """Return (place of the line behind the title, title); (None, "") when none stands out."""
    for start in range(len(lines)):
        end = _end_of(lines, start, _letters(told)) if told else None
        if end is not None:
            return end, told
    body = _usual_height(lines)
    groups = [group for group in _groups(lines) if lines[group[0]][0] > _LARGER * body > 0]
    groups.sort(key=lambda group: -lines[group[0]][0])
    for start, end in groups:
        title = clean_text(" ".join(line for _, line in lines[start:end]))
        if _may_be_title(title):
            return end, title
    return None, ""


def _may_be_title(title: str) -> bool:
    letters = sum(map(str.isalpha, title))
    return (
        letters >= max(_FEWEST_LETTERS, _MOSTLY_LETTERS * len(title))
        and " " in title
        and len(title) <= _LONGEST_TITLE
        and not title[0].islower()
        and not _NO_HEADING_OF_ALL.fullmatch(title)
    )


def _usual_height(lines: Lines) -> float:
    """Return the height at which half of the page's signs are not higher."""
    left = sum(len(line) for height, line in lines if height) / 2
    for height, line in sorted(lines):
        left -= len(line) if height else 0
        if height and left <= 0:
            return height
    return 0.0


def _end_of(lines: Lines, start: int, wanted: str) -> int | None:
    """Return the place behind the lines from `start` that say exactly the wanted letters, None when they do not."""
    said = ""
    for place in range(start, min(len(lines), start + _MOST_TITLE_LINES)):
        said += _letters(lines[place][1])
        if said == wanted:
            return place + 1
        if not wanted.startswith(said):
            break
    return None


def _groups(lines: Lines) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of neighbouring lines whose letters are equally high."""
    start = 0
    for place in range(1, len(lines) + 1):
        if place < len(lines):
            height, last = lines[place][0], lines[place - 1][0]
            if min(height, last) >= _SAME_HEIGHT * max(height, last) and place - start < _MOST_TITLE_LINES:
                continue
        if lines[start][0]:
            yield start, place
        start = place


def _find_authors(lines: Lines, place: int) -> list[str]:
    """Return the names in the lines from `place` on that are set alike; none as soon as something is no name."""
    place = _behind_second_title(lines, place)
    height = next((height for height, line in lines[place:] if height and not _ORCID.fullmatch(line)), 0.0)
    block: list[str] = []
    for other, line in lines[place : place + _MOST_AUTHOR_LINES]:
        if _ENDS_AUTHORS.match(line) or _ORGANISATION.search(line):
            break
        if other and min(other, height) < _SAME_HEIGHT * max(other, height):
            break
        block.append(_FOOTNOTE_SIGNS.sub(",", _ORCID.sub("", line)))
    alone = [_names_in(line) for line in block if line.strip(" ,")]
    if alone and all(names and len(names) == 1 for names in alone):
        return [names[0] for names in alone if names]
    return _names_in(" ".join(block)) or []


def _behind_second_title(lines: Lines, place: int) -> int:
    """Return the place behind a subtitle or a translated title, which are set almost as large."""
    title_height = lines[place - 1][0]
    while place < len(lines) and lines[place][0] >= _NEARLY_SAME_HEIGHT * title_height:
        place += 1
    return place


def _names_in(text: str) -> list[str] | None:
    """Return the names that the text consists of, None when it says something else too."""
    names = [name.strip(" .,") for name in _BETWEEN_NAMES.split(text)]
    names = [
        re.sub(r"^(?:and|and by|by|та|і)\s+", "", name)
        for name in names
        if name and name not in ("and", "та")
    ]
    return names if names and all(map(_is_name, names)) else None


def _is_name(name: str) -> bool:
    words = name.split()
    return (
        2 <= len(words) <= _MOST_NAME_WORDS
        and all(word.lower() in _PARTICLE or _NAME_WORD.match(word) for word in words)
        and _NAME_WORD.match(words[-1]) is not None
        and any(len(word.strip(".")) > 1 for word in words)
        and not name.isupper()
    )


def _authors_on_page(lines: Lines, told: str) -> tuple[str, ...]:
    """Return the names that the metadata tells, when the page has each of them."""
    names = _names_in(clean_text(told)) or []
    page = _letters(" ".join(line for _, line in lines))
    return tuple(names) if all(_letters(name) in page for name in names) else ()


def _find_year(lines: Sequence[str]) -> int | None:
    before = []
    for line in lines:
        if _REFERENCES.fullmatch(line):
            break
        before.append(line)
    for rule in _YEAR_RULES:
        for line in before:
            if match := rule.search(line):
                return int(match[1])
    return None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
