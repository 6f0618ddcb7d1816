"""How much of a sentence is quoted, and in what form it stands in ours."""

import re
from dataclasses import dataclass
from enum import StrEnum

from tesigo.writing.sentences import fold

REFERENCE_NUMBERS = re.compile(r"\s*\[[\d,;–\-\s]+\]$")
_LABEL = re.compile(
    r"^(?:Summary|Abstract|Background|Objectives?|Methods?|Results|Conclusions?|Introduction|Purpose|Aims?|Context|Findings)"
    r"(?:[:.]| (?=[A-Z]))\s*"
)
_OPENING = re.compile(
    r"^(?:(?:In (?:this|the present) (?:paper|work|study|article|research|review)|Here|Overall|Finally|Specifically|"
    r"Furthermore|Moreover|Additionally|In addition|In particular|Therefore|Thus|Hence|Consequently|Empirically|Lastly|"
    r"Notably|Importantly|Interestingly|Surprisingly|To this end|First|Second|Third|Firstly|Secondly|Thirdly|In sum|"
    r"In conclusion|In summary|To address (?:this|these) (?:gap|issue|problem|challenge|limitation|question)s?),? )"
)
_THAT_VERBS = """
    find found show shows showed shown demonstrate demonstrates observe observed argue argued conclude concluded report
    suggest suggests suggested note reveal reveals revealed confirm confirms discover discovered indicate indicates
    indicated hypothesize hypothesise propose believe claim
""".split()  # noqa: SIM905 - a list of words reads better as words
_OBJECT_VERBS = """
    propose introduce present leverage use used employ employed apply applied adopt adopted utilize utilise
    conduct conducted perform performed outline report test tested investigate study explore develop
    developed describe examine analyze analyse compare evaluate review discuss address provide offer
    investigated studied examined analyzed analysed compared evaluated reviewed described introduced
    presented proposes introduces presents investigates studies explores develops describes examines
    analyzes analyses compares evaluates reviews discusses addresses provides offers reports explains
    outlines uses applies tests
""".split()  # noqa: SIM905 - as above
_ADVERBS = "also|further|then|thus|therefore|first|systematically|thoroughly|empirically|have"
_WE_THAT = re.compile(
    rf"^(?:(?:[Ww]e|[Tt]he authors) (?:(?:{_ADVERBS}) )?"
    r"|(?:[Oo]ur|[Tt]he|[Tt]hese) (?:main |key |experimental |empirical |preliminary )?"
    r"(?:results?|findings?|experiments?|analys[ie]s|data|study|work|evaluation) (?:also |further |clearly )?)"
    rf"({'|'.join(_THAT_VERBS)}) that (?=\w)"
)
_WE_OBJECT = re.compile(
    r"^(?:[Ww]e|(?:[Tt]his|[Tt]he present|[Oo]ur) (?:paper|study|work|article|survey|review|research)) "
    rf"(?:(?:{_ADVERBS}) )?({'|'.join(_OBJECT_VERBS)}) "
    r"(?=(?:an?|the|how|whether|why|what|several|two|three|four|five|various|different|new|some|many|[a-z]+ing"
    r"|[a-z]{4,}s|[A-Z]\w+)\b)(?!and\b)"
)
_DISCOURSE = re.compile(r"^(However|Nevertheless|Nonetheless|Yet|Unfortunately|Despite this|Still),? (?=\w)")
_FIRST_PERSON = re.compile(
    r"(?:To [^,]+, )?(?i:\b(?:we|our|us|the proposed|this paper|this work|this study)\b)"
)
_SHORTEST_QUOTE = 6


class Form(StrEnum):
    """How the quoted words stand in our sentence."""

    SENTENCE = "sentence"
    CLAUSE = "clause"
    OBJECT = "object"


class Move(StrEnum):
    """What the source does with the quoted words, as far as its own words show it."""

    FINDING = "finding"
    ARGUMENT = "argument"
    SUGGESTION = "suggestion"
    DIFFICULTY = "difficulty"
    NEED = "need"
    MEANING = "meaning"
    FIGURE = "figure"
    PROPOSAL = "proposal"
    METHOD = "method"
    INQUIRY = "inquiry"
    ACCOUNT = "account"
    PLAIN = "plain"


_VERB_STEMS = {
    Move.FINDING: "find found show demonstrat observ report reveal confirm discover",
    Move.SUGGESTION: "indicat suggest hypothesi",
    Move.ARGUMENT: "argu conclud note believ claim",
    Move.PROPOSAL: "propos introduc present develop provid offer",
    Move.METHOD: "leverag use employ appl adopt utili conduct perform",
    Move.INQUIRY: "investigat stud explor examin analy compar evaluat address test",
    Move.ACCOUNT: "describ outline explain review discuss",
}
_MOVE_OF_STEM = {stem: move for move, stems in _VERB_STEMS.items() for stem in stems.split()}
_CUES = tuple(
    (move, re.compile(rf"\b(?:{cue})(?!\w)"))
    for move, cue in (
        (
            Move.MEANING,
            r"is defined as|refers? to|is the (?:task|process|study|ability|problem)|означає|визнача\w+|si definisce"
            r"|is an? (?:\w+ )?(?:task|process|concept|method|technique)",
        ),
        (
            Move.DIFFICULTY,
            r"challenging|(?:key|major|main|significant|remain\w*|poses?) (?:an? )?challenges?|lacks?|lack of|fails? to"
            r"|difficult to|struggl\w+|obstacl\w+|unclear|[Uu]nfortunately|hinder\w*"
            r"|проблем\w+|складно|difficoltà",
        ),
        (
            Move.NEED,
            r"needs? to|(?:is|are) needed|calls? for|should be part|should also|необхідн\w+|слід|occorre",
        ),
        (Move.FIGURE, r"\d+(?:\.\d+)? ?(?:%|per ?cent)|\d{1,3}(?:,\d{3})+"),
        (
            Move.FINDING,
            r"[Rr]esults (?:\w+ )?(?:show|suggest|indicate|highlight|demonstrate|reveal)|findings|found that|showed",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Quote:
    """The words to stand between the marks (a verbatim part of the passage, blanks folded), and how."""

    text: str
    form: Form
    move: Move

    @property
    def words(self) -> int:
        """How many words are quoted."""
        return len(self.text.split())


def cut_quote(text: str) -> Quote:
    """Return the part of a sentence to quote: without the authors' "we find that", closing stop and numbers.

    The part is verbatim; its own words decide its form and move.
    """
    folded = _LABEL.sub("", fold(text))
    bare = (
        REFERENCE_NUMBERS.sub("", folded.rstrip(". ")).rstrip(" .") if not folded.endswith("etc.") else folded
    )
    start = match.end() if (match := _OPENING.match(bare)) else 0
    for pattern, form in ((_WE_THAT, Form.CLAUSE), (_WE_OBJECT, Form.OBJECT)):
        found = pattern.match(bare[start:])
        rest = bare[start + found.end() :] if found else ""
        if found and len(rest.split()) >= _SHORTEST_QUOTE:
            return Quote(rest, form, _move_of_verb(found[1]))
    found = _DISCOURSE.match(bare)
    if found and len(bare[found.end() :].split()) >= _SHORTEST_QUOTE:
        return Quote(bare[found.end() :], Form.CLAUSE, Move.DIFFICULTY)
    return Quote(bare, Form.SENTENCE, _move_of_words(bare))


def _move_of_verb(verb: str) -> Move:
    lowered = verb.lower()
    return next((move for stem, move in _MOVE_OF_STEM.items() if lowered.startswith(stem)), Move.PLAIN)


def _move_of_words(text: str) -> Move:
    return next((move for move, cue in _CUES if cue.search(text)), Move.PLAIN)
