"""How much is asked for: pages, words, characters, sources and their age."""

import re
from collections.abc import Callable

from tesigo.intake.requirements.phrases import Amount, amounts, entries, is_rule
from tesigo.intake.requirements.statements import Statement
from tesigo.intake.requirements.values import Range

_WORK = re.compile(
    r"\b(?:thes[ie]s|dissertation|papers?|works?|documents?|reports?|project|manuscript|texts?|essays?|"
    r"review|length|extent|"
    r"volume|word count|page limit|page count|word limit|limit|"
    r"tesi|elaborat\w+|lavoro|testo|lunghezza|volume|estensione|relazione|"
    r"робот\w*|обсяг\w*|дипломн\w+|дисертац\w+|курсов\w+|текст\w*|кваліфікац\w+|пояснювальн\w+)\b"
)
_PARTLY = re.compile(
    r"\b(?:abstracts?|summar\w+|executive|title|titles|chapters?|sections?|paragraphs?|introduction|"
    r"conclusions?|"
    r"appendi\w+|keywords?|sentences?|headings?|captions?|quot\w+|footnotes?|presentation|slides?|proposal|"
    r"per page|per week|per day|a day|tables?|figures?|"
    r"riassunt\w*|sommari\w*|capitol\w+|introduzione|conclusion\w+|sezion\w+|titol\w+|paragraf\w+|frasi|"
    r"citazion\w+|"
    r"appendic\w+|righe|per pagina|"
    r"анотац\w+|реферат\w*|розділ\w*|вступ\w*|виснов\w*|підрозділ\w*|назв\w*|речен\w+|цитат\w*|додатк\w+|"
    r"на сторінц\w+)\b"
)
_ABSTRACT = re.compile(
    r"\b(?:abstracts?|summar(?:y|ies)|riassunto|sommario|абстракт\w*|анотац\w+|реферат\w*)\b"
)

_PAGES = (
    r"(?:a4 |double-spaced |standard |printed |typed |full |cartelle|аркуш\w* друк\w*)?(?:pages?\b|"
    r"pagine\b|cartelle\b|сторін\w+|стор\.|с\.(?= ))"
)
_WORDS = r"(?:words?\b|parole\b|слів\b|слова\b)"
_CHARACTERS = r"(?:characters?\b|caratteri\b|battute\b|(?:друкованих |друк\. )?знак\w+|символ\w+)"
_ADJECTIVES = (
    r"(?:(?:scholarly|academic|scientific|peer-reviewed|different|relevant|recent|literature|"
    r"bibliographic|primary|"
    r"secondary|external|reliable|quality|independent|high-quality|published|used|cited|"
    r"літературн\w+|наукових|бібліографічн\w+|використан\w+|різних|інформаційн\w+)\s+){0,3}"
)
_SOURCES = (
    rf"{_ADJECTIVES}(?:sources?\b|references?\b|works cited|titles in the bibliography|bibliographic entries|"
    r"items in the (?:bibliography|reference list)|fonti\b|riferimenti(?: bibliografici)?\b|"
    r"titoli bibliografici|"
    r"voci bibliografiche|titoli\b|джерел\w*|найменуван\w+|літературних джерел\w*|посилань)"
)
_SOURCE_WORD = re.compile(
    r"\b(?:sources?|references?|literature|bibliograph\w+|articles?|publications?|fonti|riferiment\w+|"
    r"bibliograf\w+|"
    r"letteratura|pubblicazion\w+|articoli|джерел\w*|літератур\w*|публікац\w*|видан\w*|посилан\w*)\b"
)
_YEARS = r"(?:years?\b|anni\b|рок\w+|рік\b)"
_AGE = re.compile(
    r"\b(?:last|past|previous|recent|preceding|older than|old\b|within|ultim\w+|precedent\w+|più vecch\w+|"
    r"останн\w+|"
    r"давніш\w*|старш\w*)\b"
)


def find_pages(said: Statement) -> Range | None:
    """Return how many pages the document is to have, 3 to 600."""
    return _of_the_whole(said, _PAGES, lambda size: 3 <= size <= 600)


def find_words(said: Statement) -> Range | None:
    """Return how many words the document is to have, from 1,000."""
    return _of_the_whole(said, _WORDS, lambda size: 1_000 <= size <= 200_000)


def find_characters(said: Statement) -> Range | None:
    """Return how many characters the document is to have, from 5,000."""
    return _of_the_whole(said, _CHARACTERS, lambda size: 5_000 <= size <= 2_000_000)


def find_abstract_words(said: Statement) -> Range | None:
    """Return how many words the abstract is to have."""
    if not _ABSTRACT.search(said.whole) or not (is_rule(said.whole) or len(said.folded) < 100):
        return None
    return next((one.range for one in amounts(said.folded, _WORDS) if 50 <= _size(one) <= 1_000), None)


def find_sources(said: Statement) -> Range | None:
    """Return how many sources are to be cited."""
    for one in amounts(said.folded, _SOURCES):
        if not _SOURCE_WORD.search(said.whole):
            continue
        is_label = len(said.folded) < 80 and _SOURCE_WORD.search(said.label)
        if 3 <= _size(one) <= 500 and (one.is_bound or is_label) and is_rule(said.whole):
            return one.range
    return next((one.range for one in entries(said.folded, _SOURCES) if 3 <= _size(one) <= 500), None)


def find_source_age(said: Statement) -> Range | None:
    """Return how many years old sources may be at most."""
    if not _SOURCE_WORD.search(said.whole) or not is_rule(said.whole):
        return None
    for one in amounts(said.folded, _YEARS):
        around = said.folded[max(0, one.start - 30) : one.end + 8]
        if 1 <= _size(one) <= 30 and _AGE.search(around):
            return Range(None, one.range.most or one.range.least)
    return None


def _of_the_whole(said: Statement, unit: str, is_likely: Callable[[float], bool]) -> Range | None:
    """Return the amount that a statement asks of the whole document, not of one of its parts."""
    text = said.folded
    entry = next((one for one in entries(text, unit) if is_likely(_size(one))), None)
    if entry and not _PARTLY.search(said.label):
        return entry.range
    if not _WORK.search(said.whole) or not (is_rule(said.whole) or _is_entry(said)):
        return None
    for one in amounts(text, unit):
        begins = max(text.rfind(sign, 0, one.start) for sign in (". ", ";", "(", "!")) + 1
        clause = text[begins : one.end] + re.split(r"[,;.()]", text[one.end : one.end + 30])[0]
        is_partly = _PARTLY.search(clause) or (_PARTLY.search(said.label) and not _WORK.search(clause))
        if (
            is_likely(_size(one))
            and not is_partly
            and (one.is_bound or _is_entry(said) or _WORK.search(clause))
        ):
            return one.range
    return None


def _is_entry(said: Statement) -> bool:
    """Whether the statement is a short entry as "Length: 40-60 pages", no sentence."""
    return len(said.folded.strip()) < 90 and not re.search(
        r"\b(?:is|are|was|were|has|we|è|sono|є|було)\b", said.folded
    )


def _size(amount: Amount) -> float:
    return amount.range.most or amount.range.least or 0
