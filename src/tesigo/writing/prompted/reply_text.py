"""A model's answer as plain paragraphs: what a section's text has no place for is taken out or becomes prose."""

import html
import re
from collections.abc import Iterator

from tesigo.research.wording import REFERENCE_HEADING
from tesigo.writing.sentences import fold, likeness

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ue000-\uf8ff"
    r"\ufe00-\ufe0f\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*\w*\s*")
_HEADING = re.compile(r"\s{0,3}#{1,6}(.*)")
_BOLD_LINE = re.compile(r"\s*(?:\*\*|__)([^*_]{1,160})(?:\*\*|__):?\s*")
_UNDERLINE = re.compile(r"\s*(?:={3,}|-{3,}|\*{3,}|_{3,}|(?:\* ){2,}\*)\s*")
_TABLE_ROW = re.compile(r"\s*\|.*|[\s:|-]*-{3,}[\s:|-]*")
_DEFINITION = re.compile(r"\s{0,3}\[\^?[^\]\s@]{1,60}\]:.*")
_ITEM = re.compile(r"\s*(?:[-*+•▪]|\(?\d{1,2}[.)])\s+(?=\S)")
_DASH = re.compile(r"\s*[–—]\s+(?=\S)")
_QUOTED = re.compile(r"\s{0,3}(?:>\s?)+")
_PREAMBLE = re.compile(
    r"(?:sure|certainly|of course|here(?: is|’s|'s)|below is|звичайно|звісно|ось|нижче|certo|certamente|ecco)\b"
    r"[^.]{0,200}[:!]",
    re.IGNORECASE,
)
_TARGET = r"\((?:https?:|www\.|mailto:|[#/.<])[^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s[^()]*)?\)"
_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()\s]*(?:\s[^()]*)?\)")
_LINK = re.compile(rf"\[([^\[\]]+)\]{_TARGET}")
_REFERENCE_TEXT = re.compile(r"[@^]?[\w:.,;\s@-]*\d[\w:.,;\s@-]*")
_BOLD = re.compile(r"(?<![\w*])(\*\*|__)(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*])")
_UNDERSCORED = re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])")
_MARKERS_ALONE = re.compile(r"(?:\[[^\[\]]{1,200}\]\s*){1,20}\.?")
_ENDED = re.compile(r"[.!?…:;][\s)\]”’'\"»*]*(?:\[[^\[\]]*\]\s*)?\Z")


def paragraphs_of(reply: str, heading: str) -> list[str]:
    """Return the paragraphs of an answer, each as one line; of Markdown they keep `*emphasis*` and brackets.

    Headings, rules, tables, images and fences are gone, items of lists have become sentences, links their text. A
    list of references ends the text. heading: the section's own, which models like to repeat.
    """
    # from: escapes first, so that what they hide is seen below; entities, since prompts write "<" as one
    plain = html.unescape(_ESCAPED.sub(r"\1", reply.replace("\r\n", "\n").replace("\r", "\n")))
    plain = _IMAGE.sub("", _UNSEEN.sub("", plain))
    plain = _LINK.sub(_text_of_link, plain)
    found: list[str] = []
    for paragraph in map(_in_line, _blocks(plain.split("\n"))):
        if found and _MARKERS_ALONE.fullmatch(paragraph):
            found[-1] += f" {paragraph}"
        elif paragraph and likeness(paragraph) != likeness(heading):
            found.append(paragraph)
    if len(found) > 1 and _PREAMBLE.fullmatch(found[0]):
        del found[0]
    return found


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Yield the lines of each paragraph, up to a list of references."""
    block: list[str] = []
    for line in lines:
        bare = _QUOTED.sub("", line) if _QUOTED.match(line) else line
        title = _HEADING.fullmatch(bare) if bare.lstrip().startswith("#") else _BOLD_LINE.fullmatch(bare)
        if REFERENCE_HEADING.fullmatch((title[1] if title else bare).strip(" *_:#")):
            break
        if _UNDERLINE.fullmatch(bare) and len(block) == 1 and not _ENDED.search(block[0]):
            block = []  # the line above was a heading
        elif title or not bare.strip() or _is_no_prose(bare):
            yield block
            block = []
        elif _ITEM.match(bare):
            if block and not _ENDED.search(block[-1]):
                block[-1] += "."
            block.append(_ITEM.sub("", bare, count=1))
        elif _DASH.match(bare) and not block:
            block.append(_DASH.sub("", bare, count=1))
        else:
            block.append(bare)
    yield block


def _text_of_link(link: re.Match[str]) -> str:
    """Return a link's text, in its brackets when it may be a reference, about which others decide."""
    return f"[{link[1]}]" if _REFERENCE_TEXT.fullmatch(link[1]) else link[1]


def _is_no_prose(line: str) -> bool:
    return any(shape.fullmatch(line) for shape in (_FENCE, _UNDERLINE, _TABLE_ROW, _DEFINITION))


def _in_line(lines: list[str]) -> str:
    joined = fold(" ".join(lines))
    return _UNDERSCORED.sub(r"*\1*", _BOLD.sub(r"\2", joined))
