"""Which parts a document is to have, by their English names, in the order in which they are asked for."""

import re
from collections.abc import Sequence

from tesigo.intake.requirements.phrases import is_refused
from tesigo.intake.requirements.statements import Statement

PARTS = {
    "title page": r"title page|cover page|frontespizio|титульн\w+(?: аркуш\w*| сторінк\w*| лист\w*)?",
    "assignment": r"assignment sheet|завдання(?= (?:на|до)\b)|бланк завдання",
    "declaration": r"declaration(?: of \w+)?|statement of (?:originality|authorship)|dichiarazione|декларац\w+",
    "dedication": r"dedication|dedica\b",
    "acknowledgements": r"acknowledge?ments?|ringraziamenti|подяк\w+",
    "abstract": r"abstract|executive summary|riassunto|abstract in|анотаці\w+|реферат\w*",
    "keywords": r"key ?words?|parole chiave|ключов\w+ слов\w*",
    "table of contents": r"table of contents|contents page|indice(?! delle| analitico)|sommario|зміст\w*",
    "list of figures": r"lists? of figures|indice delle figure|перелік (?:рисунків|ілюстрацій)",
    "list of tables": r"lists? of tables|indice delle tabelle|перелік таблиць",
    "list of abbreviations": r"lists? of (?:abbreviations|acronyms|symbols)|elenco delle abbreviazioni|"
    r"перелік (?:умовних|скорочень|позначень)\w*(?: \w+){0,3}",
    "introduction": r"introduction|introduzione|вступ\w*",
    "literature review": r"(?:review of (?:the )?literature|literature review)|rassegna della letteratura|"
    r"stato dell'arte|огляд\w* літератури|аналітичн\w+ огляд\w*",
    "theory": r"theoretical (?:framework|part|background)|quadro teorico|теоретичн\w+ (?:частин\w+|розділ\w*)",
    "methods": r"methods?\b|methodology|metodologia|metodi|методологі\w+|методи\b|методик\w+",
    "results": r"results|findings|risultati|результат\w+",
    "discussion": r"discussion|discussione|обговорен\w+",
    "conclusion": r"conclusions?|conclusioni|висновк\w+|висновок",
    "recommendations": r"recommendations|raccomandazioni|рекомендаці\w+",
    "references": r"references|reference list|bibliography|works cited|list of sources|bibliografia|"
    r"riferimenti bibliografici|(?:список|перелік) (?:використаних |літературних )?(?:джерел|літератури|"
    r"посилань)\w*|"
    r"бібліографі\w+",
    "appendices": r"appendi(?:x|ces)|annex\w*|appendic[ei]|allegati|додатк\w+|додаток",
}
_PART = re.compile("|".join(rf"(?P<p{place}>\b(?:{p})\b)" for place, p in enumerate(PARTS.values())))
_STRUCTURE = re.compile(
    r"\b(?:structure|parts|sections|chapters|components|elements|(?:must|should|shall) (?:contain|include|"
    r"consist|comprise)|"
    r"(?:consists?|is composed|composed) of|comprises|following order|"
    r"struttura|parti|(?:deve|dovrà|devono) (?:contenere|comprendere|includere|essere (?:compost|"
    r"struttura)\w+)|"
    r"si compone|compost[ao] da|articol\w+ in|"
    r"структур\w+|складається|складатися|склада\w+ з|частин\w+|елемент\w+|(?:повин\w+|має|"
    r"мають) (?:містити|включати)|"
    r"містить)\b"
)
_FEWEST = 4
_STATEMENTS = 30


def find_parts(following: Sequence[Statement]) -> tuple[tuple[str, ...], int] | None:
    """Return (the parts that a document is to have, how many statements name them), from the first statement on.

    A sentence that speaks of structure and names four parts or more, or one that leads into a list of them.
    """
    first = following[0]
    if not _STRUCTURE.search(first.folded):
        return None
    found = _named(first)
    used, misses = 1, 0
    leads = first.folded.rstrip(" *|").endswith(":") or first.folded.lstrip().startswith("#")
    for said in following[1:_STATEMENTS] if leads or first.folded.rstrip().endswith(";") else ():
        names = _named(said)
        misses = 0 if names else misses + 1
        if misses > 1 or len(said.folded) > 250:
            break
        found += names
        used += 1
    distinct = tuple(dict.fromkeys(found))
    return (distinct, used) if len(distinct) >= _FEWEST else None


def _named(said: Statement) -> list[str]:
    names = list(PARTS)
    return [
        names[int(str(match.lastgroup)[1:])]
        for match in _PART.finditer(said.folded)
        if not is_refused(said.folded, match.start(), match.end())
    ]
