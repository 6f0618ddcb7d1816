"""What is asked of the text and its citations: style, language, voice, tense, and the file that is handed in."""

import re

from tesigo.intake.requirements.phrases import amounts, is_refused, is_rule
from tesigo.intake.requirements.statements import Statement
from tesigo.intake.requirements.values import Range

_STYLES = {
    "apa": r"apa\b|american psychological association",
    "mla": r"mla\b|modern language association",
    "chicago": r"chicago\b",
    "harvard": r"harvard\b",
    "ieee": r"ieee\b",
    "vancouver": r"vancouver\b",
    "dstu": r"(?:нс )?дсту 8302(?::\s?2015)?|dstu 8302(?::\s?2015)?",
    "american-medical-association": r"ama\b(?= (?:style|citation))|american medical association",
    "american-sociological-association": r"asa\b(?= style)|american sociological association",
    "acm-sig-proceedings": r"acm\b(?= (?:style|reference|citation))",
    "turabian-author-date": r"turabian\b",
}
_STYLE = re.compile("|".join(rf"(?P<s{place}>\b(?:{p}))" for place, p in enumerate(_STYLES.values())))
_ABOUT_STYLES = re.compile(
    r"\b(?:cit(?:e|ed|ing|ation\w*)|referenc\w*|bibliograph\w+|style\w*|manual|edition|citazion\w+|"
    r"cita(?:re|te)|"
    r"bibliograf\w+|biblografia|riferiment\w+|stil[ei]\b|norme|"
    r"посилан\w+|цитуван\w+|цитат\w*|бібліограф\w*|джерел\w*|літератур\w*|стил\w+|оформл\w+)\b"
)
_NEAR_STYLE = re.compile(
    r"\b(?:style\w*|manual|referencing|citation\w*|format\w*|system|edition|stil[ei]|sistema|formato|"
    r"стил\w*|систем\w*|"
    r"формат\w*)\b"
)
_PLACES = frozenset({"chicago", "harvard", "vancouver"})
_AWAY = 45

_LANGUAGES = {
    "en": r"english|ingles\w+|англійськ\w+",
    "it": r"italian\w*|італійськ\w+",
    "uk": r"ukrainian|ucrain\w+|українськ\w+|державн\w+ мов\w+",
    "de": r"german\b|tedesc\w+|німецьк\w+",
    "fr": r"french\b|frances\w+|французьк\w+",
    "es": r"spanish\b|spagnol\w+|іспанськ\w+",
    "nl": r"dutch\b|olandes\w+",
    "pl": r"polish\b|polacc\w+|польськ\w+",
}
_LANGUAGE = re.compile("|".join(rf"(?P<{code}>\b(?:{p}))" for code, p in _LANGUAGES.items()))
_WRITTEN = re.compile(
    r"\b(?:written|submitted|presented|prepared|drafted) (?:\w+ ){0,2}in\b|"
    r"\blanguage of (?:the )?(?:thes\w+|work|paper|"
    r"dissertation|text)|^\W*(?:the )?language\s*[:|-]|"
    r"\b(?:redatt\w+|scritt\w+|presentat\w+) (?:\w+ ){0,2}(?:in )|\blingua (?:della |dell')(?:tesi|"
    r"elaborato)|^\W*lingua\s*[:|-]|"
    r"\b(?:викону\w+|пиш\w+|написан\w+|подан\w+|готу\w+|оформл\w+)(?: [^.;]{0,30})? (?=\w+ мовою)|"
    r"\bмова (?:роботи|тексту)|"
    r"^\W*мова\s*[:|-]"
)
_MAY = re.compile(r"\b(?:may|can|può|possono|може|можуть)\b")
_PART_IN = re.compile(
    r"\b(?:abstract|summary|title|keywords?|quot\w+|foreign|riassunto|titolo|citazion\w+|анотац\w+|"
    r"реферат\w*|назв\w*|цитат\w*)\b"
)

_BEFORE_STOP = re.compile(
    r"\b(?:citations?|references?|brackets?)\b[^.;]{0,40}\b(?:before|precedes?)\b (?:the )?(?:full stop|"
    r"period|final point)|"
    r"\bcitazion\w+[^.;]{0,40}\b(?:preced\w+|prima de\w*|va prima)\s+(?:il |l )?(?:punto|\.)|"
    r"\bпосилан\w+[^.;]{0,40}\b(?:перед|до)\b крапк\w+|крапк\w+[^.;]{0,30}\bпісля\b[^.;]{0,20}\bпосилан\w+"
)
_AFTER_STOP = re.compile(
    r"\b(?:citations?|references?)\b[^.;]{0,40}\b(?:after|follows?)\b (?:the )?(?:full stop|period)|"
    r"\bcitazion\w+[^.;]{0,40}\b(?:dopo|segue)\s+(?:il )?punto|\bпосилан\w+[^.;]{0,40}\bпісля\b крапк\w+"
)
_DOUBTFUL = {
    "Wikipedia": r"wikipedia|вікіпеді\w+",
    "blogs": r"blogs?\b|блог\w*",
    "ChatGPT": r"chatgpt|large language models|generative ai",
    "lecture notes": r"lecture (?:notes|slides)|appunti (?:di lezione|delle lezioni)|конспект\w*",
}
_CITING = re.compile(
    r"\b(?:cit(?:e|ed|ing|are|ate|ato)|referenc\w+|refer to|sources?|citat\w+|fonti|посил\w+|цитув\w+|"
    r"джерел\w*)\b"
)

_VOICE = re.compile(
    r"\b(?P<active>active voice|forma attiva|активн\w+ стан\w*)|(?P<passive>passive voice|forma passiva)"
)
_TENSES = (
    "present perfect", "present simple", "simple present", "past simple", "simple past", "present tense", "past tense",
)  # fmt: skip
_TENSE = re.compile("|".join(_TENSES))
_TENSE_OF = re.compile(
    r"\b(?:the )?(literature review|introduction|methods?(?: section)?|results|discussion|conclusions?)\b"
)
_PERSON = re.compile(r"(?<=\")(?:we|i|one)(?=\")")

_FORMATS = {
    "PDF": r"\.?pdf(?:/a)?\b",
    "DOCX": r"\.?docx\b|microsoft word|\bms word|\bword (?:file|format|document)",
    "LaTeX": r"latex\b",
}
_FILE = re.compile(
    r"\b(?:files?|submit\w*|submission|upload\w*|hand(?:ed)? in|electronic\w*|deposit\w*|consegn\w+|"
    r"caric\w+|formato|format|"
    r"електронн\w+|подає\w*|подаєт\w*|файл\w*|завантаж\w+|формат\w*)\b"
)
_NO_FILE = re.compile(
    r"\b(?:figur\w*|imag\w+|vector\w*|vettorial\w+|template\w*|columns?|download\w*|package|install\w*|"
    r"рисунк\w*|standard)\b"
)
_MEGABYTES = r"(?:mb\b|mib\b|megabytes?|мб\b|мегабайт\w*)"


def find_citation_styles(said: Statement) -> tuple[str, ...] | None:
    """Return the citation styles that are asked for, each of which will do."""
    text = said.folded
    if not _ABOUT_STYLES.search(said.whole):
        return None
    names = list(_STYLES)
    found = []
    for match in _STYLE.finditer(text):
        name = names[int(str(match.lastgroup)[1:])]
        near = text[max(0, match.start() - _AWAY) : match.end() + _AWAY]
        if is_refused(text, match.start(), match.end()) or (name in _PLACES and not _NEAR_STYLE.search(near)):
            continue
        if is_rule(said.whole) or len(text) < 120 or re.search(r"\b(?:style|stile|стил\w+)\b", near):
            found.append(name)
    return tuple(dict.fromkeys(found)) or None


def find_languages(said: Statement) -> tuple[str, ...] | None:
    """Return the languages that the document may be written in."""
    text = said.folded
    match = _WRITTEN.search(text)
    if (
        not match
        or _PART_IN.search(text[: match.end()])
        or not (_MAY.search(text) or is_rule(said.whole) or len(text) < 60)
    ):
        return None
    rest = re.split(r"[.;()]", text[match.end() :])[0][:80]
    found = []
    for named in _LANGUAGE.finditer(rest):
        if _PART_IN.search(rest[: named.start()]):
            break
        if not is_refused(rest, named.start(), named.end()):
            found.append(str(named.lastgroup))
    return tuple(dict.fromkeys(found)) or None


def find_citation_place(said: Statement) -> str | None:
    """Return whether a citation stands before or after the full stop."""
    if _BEFORE_STOP.search(said.folded):
        return "before the full stop"
    return "after the full stop" if _AFTER_STOP.search(said.folded) else None


def find_not_cited(said: Statement) -> tuple[str, ...] | None:
    """Return what must not be cited, of the kinds of sources that rules forbid."""
    text = said.folded
    if not _CITING.search(said.whole):
        return None
    found = [
        name
        for name, pattern in _DOUBTFUL.items()
        for match in [re.search(rf"\b(?:{pattern})", text)]
        if match and is_refused(text, match.start(), match.end())
    ]
    return tuple(found) or None


def find_voice(said: Statement) -> str | None:
    """Return "active" or "passive"."""
    for match in _VOICE.finditer(said.folded):
        if is_rule(said.whole) or re.match(r"\W*write\b", said.folded):
            refused = is_refused(said.folded, match.start(), match.end())
            return "active" if (match.lastgroup == "active") != refused else "passive"
    return None


def find_persons(said: Statement) -> tuple[str, ...] | None:
    """Return the pronouns that the author speaks with."""
    text = said.folded
    if not re.search(r"\buse\b", text):
        return None
    found = [match[0] for match in _PERSON.finditer(text) if not is_refused(text, match.start(), match.end())]
    return tuple(dict.fromkeys("I" if name == "i" else name for name in found)) or None


def find_tenses(said: Statement) -> dict[str, str] | None:
    """Return the tense by the part that it is for, "" for the text itself; what is only allowed does not count."""
    text = said.folded
    match = _TENSE.search(text)
    if not match or re.search(r"\b(?:can|may|could|might)\b", text[: match.start()]):
        return None
    is_asked = is_rule(text) or re.search(
        r"\b(?:default|typically|usually|generally|always|write|written)\b", text
    )
    if not is_asked or is_refused(text, match.start(), match.end()):
        return None
    part = _TENSE_OF.search(text[: match.start()])
    return {part[1] if part else "": match[0]}


def find_file_formats(said: Statement) -> tuple[str, ...] | None:
    """Return the formats in which the file is to be handed in."""
    text = said.folded
    if not _FILE.search(text) or _NO_FILE.search(said.whole) or not (is_rule(said.whole) or len(text) < 40):
        return None
    found = [
        name
        for name, pattern in _FORMATS.items()
        for match in [re.search(pattern, text)]
        if match and not is_refused(text, match.start(), match.end())
    ]
    return tuple(found) or None


def find_file_size(said: Statement) -> Range | None:
    """Return how many megabytes the file may have."""
    if not _FILE.search(said.whole) or _NO_FILE.search(said.folded):
        return None
    return next(
        (Range(None, one.range.most or one.range.least) for one in amounts(said.folded, _MEGABYTES)), None
    )
