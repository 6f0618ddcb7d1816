"""Names of people and institutions as search services print them, taken apart as CSL wants them."""

import re

_PARTICLES = frozenset(
    "af al ap bin da dal de del della delle den der di do dos du el ibn la le lo ten ter van vom von zu zum zur".split()  # noqa: SIM905 - reads better so
)
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?){1,4}|[A-ZА-ЯІЇЄҐ]{1,3}")
_INSTITUTION = re.compile(
    r"\b(?:academy|agency|alliance|association|bank|bureau|cent(?:er|re)|collaboration|college|commission|committee"
    r"|company|consortium|council|department|faculty|federation|foundation|group|inc|initiative|institut\w*|laborator\w+"
    r"|ltd|ministry|network|office|organi[sz]ation|society|team|union|universit\w*|università|ministero|istituto"
    r"|університет|інститут|міністерство|академія)\b",
    re.IGNORECASE,
)
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def split_name(full: str) -> dict[str, str]:
    """Return `family` and `given` of a person, `literal` of an institution; {} for nothing.

    Particles stay with the family name ("van der Berg"), because that is how people are named in running text. A name
    whose later words are initials alone ("Smith J. A.", "Шевченко Т. Г.") has its family name first.
    """
    full = " ".join(full.split())
    if not full or _INSTITUTION.search(full) or _UNSPACED.search(full):
        return {"literal": full} if full else {}
    family, comma, given = full.partition(",")
    if comma and family.strip() and given.strip():
        return _with_suffix(family.strip(), given.strip())
    words, suffix = _without_suffix(full.replace(",", " ").split())
    if len(words) == 1:
        return {"family": words[0], **suffix}
    if all(_INITIALS.fullmatch(word) for word in words[1:]) and not _INITIALS.fullmatch(words[0]):
        return {"family": words[0], "given": " ".join(words[1:]), **suffix}
    begin = len(words) - 1
    while begin > 1 and words[begin - 1].lower() in _PARTICLES and words[begin - 1][0].islower():
        begin -= 1
    return {"family": " ".join(words[begin:]), "given": " ".join(words[:begin]), **suffix}


def _with_suffix(family: str, given: str) -> dict[str, str]:
    """Return the parts of "Family, Given", "Family, Jr., Given" and "Given Family, Jr."."""
    first, comma, rest = given.partition(",")
    if _SUFFIX.fullmatch(first.strip()):
        return {"family": family, "given": rest.strip(), "suffix": first} if comma else _joined(family, first)
    return {"family": family, "given": given}


def _joined(full: str, suffix: str) -> dict[str, str]:
    return {**split_name(full), "suffix": suffix}


def _without_suffix(words: list[str]) -> tuple[list[str], dict[str, str]]:
    if len(words) > 2 and _SUFFIX.fullmatch(words[-1]):
        return words[:-1], {"suffix": words[-1]}
    return words, {}
