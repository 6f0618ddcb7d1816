"""Which sentences of a source are worth quoting, and how much of each."""

import re
from dataclasses import dataclass
from enum import StrEnum

from tesigo.writing.sentences import fold

_UNFIT = re.compile(
    r"[\"“”„«»*_`|{}<>$\\^~=]|https?:|www\.|\bdoi\b|@|\b(?:Fig(?:ure)?s?|Tables?|Eqs?|Equation|Supplementary|"
    r"Appendix|Box|Algorithm)\b\.? ?\(?[A-Z]?\d|\bS\d+ (?:Text|Fig|Table)|github|gitlab|zenodo|figshare|"
    r"\b[Ss]ection \d|\b[Cc]hapters? \d|(?:рис|табл)\.|\bisbn\b|\b(?:code|data(?:set)?s?|models?|resources?|"
    r"materials?) (?:is|are|will be|and [\w ]+ (?:is|are)) (?:publicly |freely |made |openly )*(?:available|released)",
    re.IGNORECASE,
)
_SECTION_TALK = re.compile(
    r"\b(?:in (?:this|the next|the following|the previous) (?:section|chapter)|as (?:shown|described|discussed) "
    r"(?:above|below|in)|see (?:also|above|below|section)|we thank|the rest of (?:this|the) paper|organi[sz]ed as|"
    r"(?:we|to) (?:publicly )?(?:release|open-source|make (?:our|the))|shared task (?:website|page)|copyright|"
    r"all rights reserved|we conclude (?:by|with)|place in the|supporting information|were purchased|manufacturer|competing interests|was supported by|"
    r"the funders|grant number|corresponding author|click|the table|the figure|listed in|source code)\b",
    re.IGNORECASE,
)
_PROMOTION = re.compile(
    r"\b(?:state[- ]of[- ]the[- ]art|outperform\w*|novel|superior\w*|surpass\w*|significantly better|to the best of "
    r"our knowledge|for the first time|extensive experiments|first (?:to|work|study)|won|ranked|competitive|promising|exciting|pioneering|"
    r"shed(?:s|ding)? light|comprehensive|leaderboard|(?:\w+ place)|submission|submitted|shared task|our (?:system|team))\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:find(?:s|ings?)?|found|show(?:s|n|ed)?|suggest\w*|indicat\w*|demonstrat\w*|reveal\w*|conclud\w*|is defined|"
    r"refers to|because|therefore|although|however|challeng\w*|important|essential|crucial|depends?|lead(?:s|ing)? to|"
    r"remains?|difficult\w*|limit\w*|improv\w*|increas\w*|reduc\w*|effect\w*|associated|role|enable\w*|require\w*|"
    r"показ\w+|свідч\w+|важлив\w+|доводи\w+|потребу\w+|mostra\w*|suggeri\w+|indica\w*|risult\w+|important\w+)\b",
    re.IGNORECASE,
)
_LABORATORY = re.compile(
    r"\b\d+(?:\.\d+)? ?(?:°C|µ[lLmMg]|μ[lLmMg]|m[lLMg]|nM|mM|rpm|bp|kDa|nm|min|mg/kg|× ?g)\b|\bn ?= ?\d|\bp ?[<=]|±"
)
_UNRESOLVED = re.compile(
    r"^(?:This|These|Those|That|It|They|Their|Its|Such|He|She|His|Her|Both|Another|Other|Others|The latter|The former|"
    r"Each|Here|There|Then|Also|Similarly|Likewise|Instead|Otherwise|For example|For instance|As a result|In contrast|"
    r"On the other hand|On the one hand|The (?:two|three|second|third|other|same|resulting|proposed|latter)|"
    r"Це|Ці|Цей|Ця|Вони|Він|Вона|Воно|Такий|Такі|Таким|Тут|Questo|Questa|Questi|Queste|Esso|Essa|Essi|Tale|Tali|"
    r"Inoltre|Если)\b"
)
_UNFINISHED = re.compile(r"(?:[:;,]|\b(?:and|or|the|of|et al|e\.g|i\.e|vs|cf|Dr|Fig|No)\.?)$")
_BROKEN_WORD = re.compile(r"[^\W\d_]- (?!(?:and|or|to|und|e|і|та|й|або|o)\b)[^\W_]")
_REFERENCE_NUMBERS = re.compile(r"\s*\[[\d,;–\-\s]+\]$")
_INNER_NUMBERS = re.compile(r"\[[\d,;–\-\s]+\]")
_OPENING = re.compile(
    r"^(?:(?:In (?:this|the present) (?:paper|work|study|article|research|review)|Here|Overall|Finally|Specifically|"
    r"Furthermore|Moreover|Additionally|In addition|In particular|Therefore|Thus|Hence|Consequently|Empirically|Lastly|"
    r"Notably|Importantly|Interestingly|Surprisingly|To this end|First|Second|Third|Firstly|Secondly|Thirdly|In sum|"
    r"In conclusion|In summary|To address (?:this|these) (?:gap|issue|problem|challenge|limitation|question)s?),? )"
)
_WE_THAT = re.compile(
    r"^(?:(?:[Ww]e|[Tt]he authors) (?:also |further |then |thus |therefore |empirically |have |first )?"
    r"|(?:[Oo]ur|[Tt]he|[Tt]hese) (?:main |key |experimental |empirical |preliminary )?"
    r"(?:results?|findings?|experiments?|analys[ie]s|data|study|work|evaluation) (?:also |further |clearly )?)"
    r"(find|found|show|shows|showed|shown|demonstrate|demonstrates|observe|observed|argue|argued|conclude|concluded|"
    r"report|suggest|suggests|suggested|note|reveal|reveals|revealed|confirm|confirms|discover|discovered|indicate|"
    r"indicates|indicated|hypothesi[sz]e|propose|believe|claim) that (?=\w)"
)
_WE_OBJECT = re.compile(
    r"^(?:[Ww]e|(?:[Tt]his|[Tt]he present|[Oo]ur) (?:paper|study|work|article|survey|review|research)) "
    r"(?:also |further |then |thus |therefore |first |systematically |thoroughly |empirically )?"
    r"(propose|introduce|present|leverage|use|used|employ|employed|apply|applied|adopt|adopted|utili[sz]e|conduct|conducted|perform|performed|outline|report|test|tested|investigate|study|explore|develop|developed|describe|examine|analy[sz]e|compare|"
    r"evaluate|review|discuss|address|provide|offer|investigated|studied|examined|analy[sz]ed|compared|evaluated|"
    r"reviewed|described|introduced|presented|proposes|introduces|presents|investigates|studies|explores|develops|"
    r"describes|examines|analy[sz]es|compares|evaluates|reviews|discusses|addresses|provides|offers|reports|explains|outlines|uses|applies|tests) (?=(?:an?|the|how|whether|why|what|several|two|three|four|five|various|"
    r"different|new|some|many|[a-z]+ing|[a-z]{4,}s|[A-Z]\w+)\b)(?!and\b)"
)
_DISCOURSE = re.compile(
    r"^(However|Nevertheless|Nonetheless|Yet|Unfortunately|Despite this|Still),? (?=\w)"
)
_FIRST_PERSON = re.compile(r"(?:To [^,]+, )?(?i:\b(?:we|our|us|the proposed|this paper|this work|this study)\b)")
_SHORTEST, _LONGEST = 8, 70
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


_MOVE_OF_VERB = {
    "find": Move.FINDING, "found": Move.FINDING, "show": Move.FINDING, "demonstrate": Move.FINDING,
    "observe": Move.FINDING, "report": Move.FINDING, "reveal": Move.FINDING, "confirm": Move.FINDING,
    "discover": Move.FINDING, "indicate": Move.SUGGESTION, "suggest": Move.SUGGESTION,
    "hypothesi": Move.SUGGESTION, "argue": Move.ARGUMENT, "conclude": Move.ARGUMENT, "note": Move.ARGUMENT,
    "believe": Move.ARGUMENT, "claim": Move.ARGUMENT, "propose": Move.PROPOSAL, "introduce": Move.PROPOSAL,
    "present": Move.PROPOSAL, "develop": Move.PROPOSAL, "provide": Move.PROPOSAL, "offer": Move.PROPOSAL,
    "investigate": Move.INQUIRY, "study": Move.INQUIRY, "studied": Move.INQUIRY, "explore": Move.INQUIRY,
    "examine": Move.INQUIRY, "analy": Move.INQUIRY, "compare": Move.INQUIRY, "evaluate": Move.INQUIRY,
    "address": Move.INQUIRY, "describe": Move.ACCOUNT, "outline": Move.ACCOUNT, "explain": Move.ACCOUNT,
    "leverag": Move.METHOD, "use": Move.METHOD, "employ": Move.METHOD, "appl": Move.METHOD, "adopt": Move.METHOD,
    "utili": Move.METHOD, "conduct": Move.METHOD, "perform": Move.METHOD, "test": Move.INQUIRY, "review": Move.ACCOUNT, "discuss": Move.ACCOUNT,
}  # fmt: skip
_CUES = (
    (Move.MEANING, re.compile(r"\b(?:is defined as|refers? to|is the (?:task|process|study|ability|problem)|is an? "
                              r"(?:\w+ )?(?:task|process|concept|method|technique)|означає|визнача\w+|si definisce)\b")),
    (Move.DIFFICULTY, re.compile(r"\b(?:challenges?|challenging|lacks?|lack of|limitations?|fails? to|difficult to|"
                                 r"struggl\w+|obstacl\w+|unclear|проблем\w+|складно|difficoltà)\b")),
    (Move.NEED, re.compile(r"\b(?:should|must|needs? to|is needed|are needed|call for|необхідн\w+|слід|occorre|deve)\b")),
    (Move.FIGURE, re.compile(r"\d+(?:\.\d+)? ?%|\bper ?cent\b|\b\d{1,3}(?:,\d{3})+\b")),
    (Move.FINDING, re.compile(r"\b(?:results?|findings?|found|showed|shows?|demonstrate[sd]?)\b")),
)  # fmt: skip


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


def quotability(text: str) -> float:
    """Return how worth quoting a sentence is, 0 (never) to 1.

    Findings, definitions and claims about the topic are; figures' captions, links, laboratory detail, talk about
    the paper's own sections, and sentences that hang on the one before, are not.
    """
    folded = fold(text)
    count = len(folded.split())
    if not _SHORTEST <= count <= _LONGEST or _is_unfit(folded):
        return 0.0
    worth = 0.6
    worth += 0.2 if _CLAIM.search(folded) else 0.0
    worth += 0.1 if 12 <= count <= 30 else -0.1
    worth -= 0.15 if count > 40 else 0.0
    worth -= 0.25 if _PROMOTION.search(folded) else 0.0
    worth -= 0.15 * min(2, len(_INNER_NUMBERS.findall(_REFERENCE_NUMBERS.sub("", folded.rstrip(".")))))
    worth -= 0.2 if sum(map(str.isdigit, folded)) > 12 else 0.0
    quoted = cut_quote(folded).text
    worth -= 0.15 if _FIRST_PERSON.search(quoted) else 0.0
    worth -= 0.15 if _FIRST_PERSON.match(quoted) else 0.0
    worth -= 0.3 if _UNRESOLVED.match(quoted) else 0.0
    return min(1.0, max(0.0, worth))


def hangs_on_previous(text: str) -> bool:
    """Return whether the sentence needs the one before it to be understood."""
    return _UNRESOLVED.match(fold(text)) is not None


def cut_quote(text: str) -> Quote:
    """Return the part of a sentence to quote: without the authors' "we find that", closing stop and numbers.

    The part is verbatim; its own words decide its form and move.
    """
    folded = fold(text)
    bare = _REFERENCE_NUMBERS.sub("", folded.rstrip(". ")).rstrip(" .") if not folded.endswith("etc.") else folded
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
    return next((move for stem, move in _MOVE_OF_VERB.items() if lowered.startswith(stem)), Move.PLAIN)


def _move_of_words(text: str) -> Move:
    return next((move for move, cue in _CUES if cue.search(text)), Move.PLAIN)


def _is_unfit(folded: str) -> bool:
    return bool(
        _UNFIT.search(folded)
        or _SECTION_TALK.search(folded)
        or _BROKEN_WORD.search(folded)
        or _UNFINISHED.search(folded.rstrip("."))
        or len(_LABORATORY.findall(folded)) > 1
        or not folded[0].isupper()
        or folded.endswith("?")
        or any(folded.count(left) != folded.count(right) for left, right in ("()", "[]"))
        or sum(character.isalpha() or character.isspace() for character in folded) < 0.8 * len(folded)
    )
