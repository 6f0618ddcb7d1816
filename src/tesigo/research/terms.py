"""The words that carry a text's meaning: stems without stop words, for ranking, clustering and diversity."""

import re
from collections import Counter
from functools import cache

import Stemmer
from bm25s import stopwords

from tesigo.research.ukrainian import UKRAINIAN_STOP_WORDS, ukrainian_stem

_WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'"})
_SNOWBALL = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian",
    "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ru": "russian", "sv": "swedish",
}  # fmt: skip
_STOP_WORDS = {
    "de": frozenset(stopwords.STOPWORDS_GERMAN),
    "en": frozenset(stopwords.STOPWORDS_EN_PLUS),
    "es": frozenset(stopwords.STOPWORDS_SPANISH),
    "fr": frozenset(stopwords.STOPWORDS_FRENCH),
    "it": frozenset(stopwords.STOPWORDS_ITALIAN),
    "pt": frozenset(stopwords.STOPWORDS_PORTUGUESE),
    "ru": frozenset(stopwords.STOPWORDS_RUSSIAN),
    "uk": UKRAINIAN_STOP_WORDS,
}
_CYRILLIC_LANGUAGES = ("uk", "ru")
_ELIDED = ("it", "fr")
_LONGEST_WORD = 40
_SAMPLE = 4_000


def tokens(text: str, language: str = "en") -> list[str]:
    """Return the stems of the text's words in reading order, without stop words.

    language: BCP 47; it decides for the words in its own script. Words in the other script are taken as
    English, or as Ukrainian, so that a Ukrainian text that names "machine learning" loses neither.
    A language without a stemmer keeps its words whole. Stems are for comparing, not for showing.
    """
    primary = language.partition("-")[0].lower()
    latin, cyrillic = ("en", primary) if primary in _CYRILLIC_LANGUAGES else (primary, "uk")
    found = []
    for word in _WORD.findall(text.translate(_APOSTROPHES).lower()):
        own = cyrillic if _CYRILLIC.match(word) else latin
        stem = _stem(word, own)
        if stem:
            found.append(stem)
    return found


def guess_language(text: str) -> str:
    """Return the language ("en", "uk", "it", …) whose stop words are the most frequent; "en" when none is.

    Looks at the first 4,000 characters.
    """
    words = Counter(_WORD.findall(text[:_SAMPLE].translate(_APOSTROPHES).lower()))
    hits = {
        language: sum(words[stop] for stop in stop_words if stop in words)
        for language, stop_words in sorted(_STOP_WORDS.items())
    }
    best = max(hits, key=lambda language: (hits[language], language == "en"))
    return best if hits[best] else "en"


@cache
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    name = _SNOWBALL.get(language)
    return Stemmer.Stemmer(name) if name else None


def _stem(word: str, language: str) -> str:
    """Return the word's stem, "" for a stop word, a single letter, or an endless one."""
    if language in _ELIDED and "'" in word:
        word = word.rpartition("'")[2]
    if len(word) < 2 or len(word) > _LONGEST_WORD or word in _STOP_WORDS.get(language, ()):
        return ""
    if language == "uk":
        return ukrainian_stem(word)
    stemmer = _stemmer(language)
    return str(stemmer.stemWord(word)) if stemmer else word
