"""Which passage of a source supports a sentence best, and how well, by the words that they share."""

import re
from collections.abc import Mapping, Sequence

from tesigo.manuscript import Citation, Passage, Source
from tesigo.research.terms import tokens
from tesigo.writing.prompted.references import References
from tesigo.writing.sentences import MARKER, fold, keys_of, quotations, unescape

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NUMBERS_DISAGREE = 0.5


class Support:
    """Ties citations to passages; a section's passages are stemmed once."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._passages: dict[str, list[Passage]] = {}
        for passage in references.passages:
            self._passages.setdefault(passage.source_key, []).append(passage)
        self._stems: dict[Passage, frozenset[str]] = {}

    def citations(self, sentence: str) -> list[Citation]:
        """Return a citation for each key of each marker of the sentence, in their order."""
        quoted = _quoted_by_key(sentence)
        stems = frozenset(tokens(unescape(MARKER.sub(" ", sentence)), self._references.language))
        numbers = _numbers(MARKER.sub(" ", sentence))
        return [
            self._citation(key, quoted.get(key, ()), stems, numbers)
            for marker in MARKER.findall(sentence)
            for key in keys_of(marker)
        ]

    def _citation(
        self, key: str, quoted: Sequence[str], stems: frozenset[str], numbers: frozenset[str]
    ) -> Citation:
        source = self._references.citable[key]
        for words in quoted:
            holding = self._holding(source, words)
            if holding is not None:
                return Citation(key, holding, 1.0)
        passages = self._passages[key]
        rated = [(self._score(passage, stems, numbers), -place) for place, passage in enumerate(passages)]
        score, place = max(rated)
        return Citation(key, passages[-place], score)

    def _score(self, passage: Passage, stems: frozenset[str], numbers: frozenset[str]) -> float:
        """Return the share of the sentence's stems that the passage has, less when it lacks its numbers."""
        if not stems:
            return 0.0
        if passage not in self._stems:
            self._stems[passage] = frozenset(tokens(passage.text, self._references.language))
        share = len(stems & self._stems[passage]) / len(stems)
        disagree = bool(numbers - _numbers(passage.text))
        return round(share * (_NUMBERS_DISAGREE if disagree else 1.0), 3)

    def _holding(self, source: Source, quotation: str) -> Passage | None:
        """Return the passage that holds the quotation: one of the section's, else the very words in the source.

        None when it is another source's, whose key stands in the same marker.
        """
        for passage in self._passages[source.key]:
            if quotation in fold(passage.text):
                return passage
        return find_span(source, quotation)


def find_span(source: Source, words: str) -> Passage | None:
    """Return the place of these words in a source, where it may have other blanks; None when it has them not."""
    found = re.search(r"\s+".join(map(re.escape, words.split())), source.body)
    return Passage(source.key, found.start(), found.end(), found[0]) if found else None


def _quoted_by_key(sentence: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for quotation in quotations(sentence):
        for key in quotation.keys:
            found.setdefault(key, []).append(quotation.text)
    return found


def _numbers(text: str) -> frozenset[str]:
    return frozenset(number.replace(",", ".") for number in _NUMBER.findall(text))
