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
_BEFORE_VERBS = frozenset("to we can could may might will would should must not they it which that who cannot".split())
_LETTERS = re.compile(r"[^\W_]+")
_LONGEST_PHRASE = 4
_VERB_SHARE = 0.28
_SEEN_ENOUGH = 3
_SMALL_WORDS = frozenset("of in on at to for from by with and or the a an as via per vs".split())


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


@cache
def word_list(name: str) -> frozenset[str]:
    """Return one list of `word_lists.txt`."""
    text = files("tesigo.writing").joinpath("word_lists.txt").read_text("utf-8")
    blocks = re.split(r"(?m)^(\w+):$", re.sub(r"(?m)^#.*$", "", text))
    lists = dict(zip(blocks[1::2], blocks[2::2], strict=True))
    return frozenset(lists[name].split())


def find_phrases(texts: Sequence[tuple[str, str]]) -> list[Phrase]:
    """Return the phrases of these (title, body) pairs that two of them share or one uses repeatedly.

    The order is by first appearance; ties and surfaces are decided the same way in every process.
    """
    verbs = _verbs(texts)
    holders: dict[str, dict[int, None]] = defaultdict(dict)
    titled: dict[str, dict[int, None]] = defaultdict(dict)
    counts: Counter[str] = Counter()
    surfaces: dict[str, Counter[str]] = defaultdict(Counter)
    for number, (title, body) in enumerate(texts):
        for key, surface in _candidates(title, verbs):
            holders[key][number] = titled[key][number] = None
            counts[key] += 1
            surfaces[key][_lowered(surface)] += 0
        for key, surface in _candidates(body, verbs):
            holders[key][number] = None
            counts[key] += 1
            surfaces[key][surface] += 1
    return [
        Phrase(key, _best_surface(surfaces[key]), tuple(held), len(titled.get(key, ())), counts[key])
        for key, held in holders.items()
        if len(held) > 1 or counts[key] > 1
    ]


def phrase_key(words: str) -> str:
    """Return what the spellings of a phrase share: lower case, no hyphens, no plural in its last word."""
    plain = words.lower().replace("-", " ").replace("’", "'")
    return _singular(plain)


def in_title_case(surface: str) -> str:
    """Return the phrase as an English heading: "Automated Essay Scoring", "Feedback for LLM Agents"."""
    words = surface.split()
    return " ".join(
        word if any(map(str.isupper, word)) or (word in _SMALL_WORDS and 0 < place < len(words) - 1)
        else "-".join(part[:1].upper() + part[1:] if part not in _SMALL_WORDS or n == 0 else part
                      for n, part in enumerate(word.split("-")))
        for place, word in enumerate(words)
    )  # fmt: skip


def in_sentence_case(surface: str) -> str:
    """Return the phrase with its first letter in capitals."""
    return surface[:1].upper() + surface[1:]


def _candidates(text: str, verbs: frozenset[str]) -> Iterator[tuple[str, str]]:
    for segment in _segments(text):
        for length in range(1, _LONGEST_PHRASE + 1):
            for start in range(len(segment) - length + 1):
                words = segment[start : start + length]
                if _may_name_a_topic(words, verbs):
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


def _may_name_a_topic(words: Sequence[str], verbs: frozenset[str]) -> bool:
    lowered = [word.lower() for word in words]
    weak, generic = word_list("weak"), word_list("generic_heads")
    if any(len(word) < 2 or any(map(str.isdigit, word)) for word in lowered):
        return False
    if len(words) == 1 and (lowered[0] in weak or len(lowered[0]) < 4):
        return False
    if lowered[0] in weak or lowered[-1] in generic or lowered[-1].endswith("ly") or lowered[0].endswith("ly"):
        return False
    if any(word in verbs for word in lowered) or (lowered[-1] in weak and len(words) < 3 and lowered[-1] not in _HEADS):
        return False
    return not any(word in _VERBS_IN_LISTS for word in lowered[1:]) and len(set(lowered)) == len(lowered)


_HEADS = frozenset("models model systems system data analysis evaluation research datasets applications tests".split())
_VERBS_IN_LISTS = frozenset(
    """using used based show shows showed shown demonstrate demonstrates propose proposes present presents introduce
    investigate examine explore exploring improve improves improved improving achieve achieves provide provides require
    requires include make makes made take allow allows enable enables help helps perform performs conduct identify find
    found suggest suggests indicate reveal remain remains contain generate generates leverage leveraging address focus
    focuses apply consider describe observe enhance reduce outperform outperforms exhibit rely become give improves
    trained compared designed evaluated different new novel proposed including like significantly well often consisting
    containing called obtained given respectively vs paper study show""".split()
)


def _verbs(texts: Sequence[tuple[str, str]]) -> frozenset[str]:
    """Return the words that mostly stand where a verb stands."""
    seen: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for _, body in texts:
        before = ""
        for token in _TOKEN.findall(body):
            word = token.lower()
            seen[word] += 1
            if before in _BEFORE_VERBS:
                after[word] += 1
            before = word
    return frozenset(
        word for word, count in after.items() if count >= 2 and count / seen[word] > _VERB_SHARE and seen[word] >= _SEEN_ENOUGH
    )


def _singular(plain: str) -> str:
    if plain.endswith(("ss", "us", "is", "ics")) or len(plain) < 5:
        return plain
    if plain.endswith("ies"):
        return plain[:-3] + "y"
    if plain.endswith(("ches", "shes", "sses", "xes")):
        return plain[:-2]
    return plain[:-1] if plain.endswith("s") else plain


def _lowered(surface: str) -> str:
    """Return a title's words in running form: what has a capital inside, or no small letter, stays."""
    return " ".join(
        word if any(map(str.isupper, word[1:])) else word.lower() for word in surface.split()
    )


def _best_surface(surfaces: Counter[str]) -> str:
    """Return the spelling that running text uses most; the one with fewer capitals, then the first, on a tie."""
    def worth(surface: str) -> tuple[int, int]:
        return surfaces[surface], -sum(map(str.isupper, surface))

    return max(surfaces, key=worth)


def mentions(text: str, phrases: Iterable[Phrase]) -> list[Phrase]:
    """Return those phrases that the text holds, in their given order."""
    flat = f" {' '.join(_LETTERS.findall(text.lower()))} "
    return [phrase for phrase in phrases if f" {phrase.key} " in flat or f" {phrase.key}s " in flat]
