"""Which sentences of a source are worth quoting."""

import re

from tesigo.writing.quoting import REFERENCE_NUMBERS, cut_quote
from tesigo.writing.sentences import fold

_UNFIT = re.compile(
    r"[\"“”„«»*_`|{}<>$\\^~=]|https?:|www\.|\bdoi\b|@|\b(?:Fig(?:ure)?s?|Tables?|Eqs?|Equation|Supplementary|"
    r"Appendix|Box|Algorithm)\b\.? ?\(?[A-Z]?\d|\bS\d+ (?:Text|Fig|Table)|github|gitlab|zenodo|figshare|"
    r"\b[Ss]ection \d|\b[Cc]hapters? \d|(?:рис|табл)\.|\bisbn\b|\b(?:code|data(?:set)?s?|models?|resources?|"
    r"materials?) (?:is|are|will be|and [\w ]+ (?:is|are)) (?:publicly |freely |made |openly )*(?:available|released)",
    re.IGNORECASE,
)
_SECTION_TALK = re.compile(
    r"\b(?:in (?:this|the next|the following|the previous) (?:section|chapter)|see (?:also|above|below|section)"
    r"|as (?:shown|described|discussed) (?:above|below|in)|we thank|the rest of (?:this|the) paper|organi[sz]ed as"
    r"|(?:we|to) (?:publicly )?(?:release|open-source|make (?:our|the))|we conclude (?:by|with)|place in the"
    r"|copyright|all rights reserved|supporting information|were purchased|manufacturer|competing interests"
    r"|was supported by|the funders|grant number|corresponding author|click"
    r"|the table|the figure|listed in|source code|contributed (?:to|lesson|material)|was developed by)\b",
    re.IGNORECASE,
)
_PROMOTION = re.compile(
    r"\b(?:state[- ]of[- ]the[- ]art|outperform\w*|novel|superior\w*|surpass\w*|significantly better|leaderboard"
    r"|to the best of our knowledge|for the first time|extensive experiments|first (?:to|work|study)|won|ranked"
    r"|competitive|promising|exciting|pioneering|shed(?:s|ding)? light|comprehensive|\w+ place|submission|submitted"
    r"|shared task|our (?:system|team))\b",
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
_LABELLED = re.compile(r"[^:,.]{2,45}: ")
_BROKEN_WORD = re.compile(r"[^\W\d_]- (?!(?:and|or|to|und|e|і|та|й|або|o)\b)[^\W_]")
_INNER_NUMBERS = re.compile(r"\[[\d,;–\-\s]+\]")
_FIRST_PERSON = re.compile(
    r"(?:To [^,]+, )?(?i:\b(?:we|our|us|the proposed|this paper|this work|this study)\b)"
)
_SHORTEST, _LONGEST = 8, 70


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
    worth -= 0.4 if _LABELLED.match(folded) else 0.0
    worth -= 0.25 if _PROMOTION.search(folded) else 0.0
    worth -= 0.15 * min(2, len(_INNER_NUMBERS.findall(REFERENCE_NUMBERS.sub("", folded.rstrip(".")))))
    worth -= 0.2 if sum(map(str.isdigit, folded)) > 12 else 0.0
    quoted = cut_quote(folded).text
    worth -= 0.15 if _FIRST_PERSON.search(quoted) else 0.0
    worth -= 0.15 if _FIRST_PERSON.match(quoted) else 0.0
    worth -= 0.3 if _UNRESOLVED.match(quoted) else 0.0
    return min(1.0, max(0.0, worth))


def _is_in_title_case(folded: str) -> bool:
    """Return whether it is a heading or a list of titles: most of its longer words begin with a capital."""
    words = [word for word in folded.split()[1:] if len(word) > 3]
    return sum(word[0].isupper() for word in words) > 0.5 * max(4, len(words))


def _is_unfit(folded: str) -> bool:
    return bool(
        _UNFIT.search(folded)
        or _SECTION_TALK.search(folded)
        or _BROKEN_WORD.search(folded)
        or _is_in_title_case(folded)
        or _UNFINISHED.search(folded.rstrip("."))
        or len(_LABORATORY.findall(folded)) > 1
        or not folded[0].isupper()
        or folded.endswith("?")
        or any(folded.count(left) != folded.count(right) for left, right in ("()", "[]"))
        or sum(character.isalpha() or character.isspace() for character in folded) < 0.8 * len(folded)
    )
