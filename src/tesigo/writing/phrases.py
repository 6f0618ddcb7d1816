"""Phrases that name topics: found in texts by where function words and punctuation stand around them.

No tagger is at hand offline, so the texts themselves tell nouns from verbs: a word that mostly follows
"to", "we" or "can" is no part of a topic's name.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_TOKEN = re.compile(r"[^\W_]+(?:[-'’/][^\W_]+)*|[^\w\s]")
_LONGEST_PHRASE = 4
_VERB_SHARE = 0.28
_FRAGMENT_SHARE = 0.75
_ENDING_SHARE = 0.3
_SMALL_SHARE = 0.25
_SEEN_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Phrase:
    """A topic's name as it is written in running text, and the texts that hold it.

    key: what its spellings have in common. surface: "automated essay scoring", "LLM agents".
    holders: the numbers of the texts, ascending. in_titles: how many of them have it in their title.
    count: all its uses.
    """

    key: str
    surface: str
    holders: tuple[int, ...]
    in_titles: int
    count: int

    @property
    def length(self) -> int:
        """How many words it has."""
        return self.key.count(" ") + 1


class Usage:
    """How words are used in a collection: as nouns or verbs, with or without a capital."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._seen: Counter[str] = Counter()
        self._after_to: Counter[str] = Counter()
        self._ending: Counter[str] = Counter()
        self._small: Counter[str] = Counter()
        for text in texts:
            self._learn(_TOKEN.findall(text))

    def is_verb(self, word: str) -> bool:
        """Return whether the word mostly stands where a verb stands: after "to", "we", "can"."""
        seen = self._seen[word]
        return seen >= _SEEN_ENOUGH and self._after_to[word] / seen > _VERB_SHARE

    def ends_phrases(self, word: str) -> bool:
        """Return whether a noun phrase can end in the word: function words or punctuation often follow it."""
        lowered = word.lower()
        seen = self._seen[lowered]
        return seen < _SEEN_ENOUGH or self._ending[lowered] / seen > _ENDING_SHARE

    def in_running_text(self, surface: str) -> str:
        """Return the phrase with capitals only where running text has them: "LLM agents", "Python"."""
        words = surface.split()
        running = [self._word_in_running_text(word) for word in words]
        is_name = all(word[0].isupper() for word in words) and any(word[0].isupper() for word in running)
        return surface if is_name else " ".join(running)

    def _word_in_running_text(self, word: str) -> str:
        if any(map(str.isupper, word[1:])):
            parts = word.split("-")
            if len(parts) == 1 or any(any(map(str.isupper, part[1:])) for part in parts):
                return word
        lowered = word.lower()
        seen = self._seen[lowered]
        is_name = word[:1].isupper() and seen > 0 and self._small[lowered] < _SMALL_SHARE * seen
        return word if is_name else lowered

    def _learn(self, words: Sequence[str]) -> None:
        closed = word_list("closed")
        before, starts = "", True
        for place, word in enumerate(words):
            lowered = word.lower()
            if not word[0].isalpha():
                starts = word in ".!?:"
                before = ""
                continue
            if not starts:
                self._small[lowered] += word[0].islower()
                self._seen[lowered] += 1
                self._after_to[lowered] += before in word_list("before_verbs")
                after = words[place + 1] if place + 1 < len(words) else "."
                self._ending[lowered] += after.lower() in closed or not after[0].isalnum()
            before, starts = lowered, False


@cache
def word_list(name: str) -> frozenset[str]:
    """Return one list of `word_lists.txt`."""
    text = files("tesigo.writing").joinpath("word_lists.txt").read_text("utf-8")
    blocks = re.split(r"(?m)^(\w+):$", re.sub(r"(?m)^#.*$", "", text))
    lists = dict(zip(blocks[1::2], blocks[2::2], strict=True))
    return frozenset(lists[name].split())


def find_phrases(texts: Sequence[tuple[str, str]], usage: Usage) -> list[Phrase]:
    """Return the phrases of these (title, body) pairs that two of them share or one uses repeatedly.

    usage: how the words are used in a larger collection, which tells nouns from the rest.
    The order is by first appearance; ties and surfaces are decided the same way in every process.
    """
    holders: dict[str, dict[int, None]] = defaultdict(dict)
    titled: dict[str, dict[int, None]] = defaultdict(dict)
    counts: Counter[str] = Counter()
    surfaces: dict[str, Counter[str]] = defaultdict(Counter)
    for number, (title, body) in enumerate(texts):
        for key, surface in _candidates(title, usage):
            holders[key][number] = titled[key][number] = None
            counts[key] += 1
            surfaces[key][usage.in_running_text(surface)] += 1
        for key, surface in _candidates(body, usage):
            holders[key][number] = None
            counts[key] += 1
            surfaces[key][usage.in_running_text(surface)] += 1
    fragments = _fragments(counts)
    return [
        Phrase(key, _best_surface(surfaces[key]), tuple(held), len(titled.get(key, ())), counts[key])
        for key, held in holders.items()
        if (len(held) > 1 or counts[key] > 1) and key not in fragments
    ]


def phrase_key(words: str) -> str:
    """Return what the spellings of a phrase share: lower case, no hyphens, no plural in its last word."""
    plain = words.lower().replace("-", " ").replace("’", "'")
    return _singular(plain)


def in_title_case(surface: str) -> str:
    """Return the phrase as an English heading: "Automated Essay Scoring", "Feedback for LLM Agents"."""
    words = surface.split()
    return " ".join(
        word if any(map(str.isupper, word)) or (word in word_list("small_words") and 0 < place < len(words) - 1)
        else "-".join(part[:1].upper() + part[1:] if part not in word_list("small_words") or n == 0 else part
                      for n, part in enumerate(word.split("-")))
        for place, word in enumerate(words)
    )  # fmt: skip


def in_sentence_case(surface: str) -> str:
    """Return the phrase with its first letter in capitals."""
    return surface[:1].upper() + surface[1:]


def _candidates(text: str, usage: Usage) -> Iterator[tuple[str, str]]:
    for segment in _segments(text):
        for length in range(1, _LONGEST_PHRASE + 1):
            for start in range(len(segment) - length + 1):
                words = segment[start : start + length]
                if _may_name_a_topic(words, usage):
                    surface = " ".join(words)
                    yield phrase_key(surface), surface


def _segments(text: str) -> Iterator[list[str]]:
    """Yield the runs of content words between function words and punctuation."""
    closed = word_list("closed")
    run: list[str] = []
    for token in _TOKEN.findall(text):
        if token.lower() in closed or not (token[0].isalpha() or token[0].isdigit()):
            if run:
                yield run
            run = []
        else:
            run.append(token)
    if run:
        yield run


def _may_name_a_topic(words: Sequence[str], usage: Usage) -> bool:
    lowered = [word.lower() for word in words]
    weak, generic = word_list("weak"), word_list("generic_heads")
    first, last = lowered[0], lowered[-1]
    if any(len(word) < 2 or any(map(str.isdigit, word)) for word in lowered) or len(set(lowered)) < len(
        lowered
    ):
        return False
    if len(words) == 1 and (first in weak or len(first) < 5 or "-" in first):
        return False
    if first in weak or first.endswith("ly") or (first.endswith("ing") and first not in word_list("gerunds")):
        return False
    if (
        last in generic
        or last.endswith(("ly", "ed"))
        or (last in weak and len(words) < 3 and last not in word_list("heads"))
    ):
        return False
    if last.endswith("ing") and len(words) == 1 and first not in word_list("gerunds"):
        return False
    return usage.ends_phrases(words[-1]) and not any(
        usage.is_verb(word) or word in word_list("verbs") for word in lowered
    )


def _fragments(counts: Counter[str]) -> frozenset[str]:
    """Return the phrases that hardly occur but inside one longer phrase: "body educational game"."""
    found = set()
    for key, count in counts.items():
        words = key.split()
        if len(words) > 2:
            for part in (" ".join(words[1:]), " ".join(words[:-1])):
                if count >= _FRAGMENT_SHARE * counts[part] > 1:
                    found.add(part)
    return frozenset(found)


def _singular(plain: str) -> str:
    if plain.endswith(("ss", "us", "is", "ics")) or len(plain) < 5:
        return plain
    if plain.endswith("ies"):
        return plain[:-3] + "y"
    if plain.endswith(("ches", "shes", "sses", "xes")):
        return plain[:-2]
    return plain.removesuffix("s")


def _best_surface(surfaces: Counter[str]) -> str:
    """Return the spelling that running text uses most; the one with fewer capitals, then the first, on a tie."""

    def worth(surface: str) -> tuple[int, int]:
        return surfaces[surface], -sum(map(str.isupper, surface))

    return max(surfaces, key=worth)


def distinct_terms(terms: Iterable[str], most: int) -> list[str]:
    """Return the first terms of two words and more that share no word with one before them."""
    chosen: list[str] = []
    seen: set[str] = set()
    for term in terms:
        words = set(phrase_key(term).split())
        if len(words) > 1 and not words & seen:
            chosen.append(term)
            seen |= words
        if len(chosen) == most:
            break
    return chosen
