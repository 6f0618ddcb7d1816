"""The text of a Word document, with headings, lists and formulas marked as in Markdown."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tesigo.intake.errors import BrokenFile, FileTooLarge, NoText
from tesigo.intake.pandoc import run_pandoc
from tesigo.kit.confined import ConfinedFailure, LimitExceeded

Node = dict[str, Any]

_DEEPEST = 60
_CHARACTERS = {"Space": " ", "SoftBreak": " ", "LineBreak": "\n"}
_WRAPPED = {"Emph", "Strong", "Underline", "Strikeout", "Superscript", "Subscript", "SmallCaps"}
_INLINES_SECOND = {"Span", "Link", "Cite"}


@dataclass(frozen=True, slots=True)
class DocxText:
    """What a Word document says; title and authors by its title block, "" and () when it has none."""

    title: str
    authors: tuple[str, ...]
    text: str


def extract_docx(data: bytes) -> DocxText:
    """Return the text: paragraphs apart by a blank line, `#` before headings, no emphasis, no notes.

    The archive has been through `archives.check_docx`. Raises BrokenFile, FileTooLarge, or NoText when there
    is no letter or figure.
    """
    try:
        document = json.loads(run_pandoc("docx", "json", data))
    except LimitExceeded as error:
        raise FileTooLarge(
            "This Word document takes too much time or memory to read. Bring a simpler or shorter one."
        ) from error
    except (ConfinedFailure, ValueError, RecursionError) as error:
        raise BrokenFile(
            "This Word document is damaged and cannot be read. Open it in Word and save it again."
        ) from error
    meta = document["meta"]
    body = "\n\n".join(_block_texts(document["blocks"], 0))
    abstract = _meta_text(meta.get("abstract"))
    text = f"{abstract}\n\n{body}".strip()
    title, authors = _meta_text(meta.get("title")), _meta_list(meta.get("author"))
    if not any(map(str.isalnum, f"{title}{text}")):
        raise NoText("This Word document has no text. Bring one with text.")
    return DocxText(" ".join(title.split()), authors, text or title)


def _block_texts(blocks: list[Node], depth: int) -> Iterator[str]:
    """Yield the text of each block that says something."""
    for block in blocks if depth <= _DEEPEST else ():
        content: Any = block.get("c")
        written = _WRITERS.get(block["t"])
        if written:
            yield from written(content, depth)


def _paragraph_texts(content: list[Node], depth: int) -> Iterator[str]:
    yield from _said(_inline_text(content, depth))


def _heading_texts(content: list[Any], depth: int) -> Iterator[str]:
    yield from (f"{'#' * content[0]} {words}" for words in _said(_inline_text(content[2], depth)))


def _list_texts(items: list[list[Node]], depth: int) -> Iterator[str]:
    for item in items:
        for place, words in enumerate(_block_texts(item, depth + 1)):
            yield words if place else f"- {words}"


def _quoted_texts(content: list[Node], depth: int) -> Iterator[str]:
    yield from (f"> {words}" for words in _block_texts(content, depth + 1))


def _definition_texts(content: list[Any], depth: int) -> Iterator[str]:
    for term, definitions in content:
        yield from _said(_inline_text(term, depth))
        for definition in definitions:
            yield from _block_texts(definition, depth + 1)


def _line_texts(content: list[list[Node]], depth: int) -> Iterator[str]:
    yield from _said("\n".join(_inline_text(line, depth) for line in content))


def _cell_texts(table: list[Any], depth: int) -> Iterator[str]:
    """Yield the text of cells that hold whole paragraphs: pages are laid out by tables, too."""
    _, _, _, head, bodies, foot = table
    rows = [*head[1], *(row for body in bodies for row in (*body[2], *body[3])), *foot[1]]
    for row in rows:
        for cell in row[1]:
            yield from _block_texts(cell[4], depth + 1)


def _inline_text(inlines: list[Node], depth: int) -> str:
    if depth > _DEEPEST:
        return ""
    parts = []
    for inline in inlines:
        kind = inline["t"]
        content: Any = inline.get("c")
        if kind == "Str":
            parts.append(content)
        elif kind in _CHARACTERS:
            parts.append(_CHARACTERS[kind])
        elif kind in _WRAPPED:
            parts.append(_inline_text(content, depth + 1))
        elif kind == "Quoted":
            marks = "‘’" if content[0]["t"] == "SingleQuote" else "“”"
            parts.append(f"{marks[0]}{_inline_text(content[1], depth + 1)}{marks[1]}")
        elif kind in _INLINES_SECOND:
            parts.append(_inline_text(content[1], depth + 1))
        elif kind == "Math":
            parts.append(f"${content[1]}$")
        elif kind == "Code":
            parts.append(f"`{content[1]}`")
    return "".join(parts)


def _said(text: str) -> Iterator[str]:
    if text.strip():
        yield text.strip()


def _meta_text(value: Node | None) -> str:
    if value is None:
        return ""
    content = value["c"]
    if value["t"] == "MetaInlines":
        return _inline_text(content, 0)
    if value["t"] == "MetaBlocks":
        return "\n\n".join(_block_texts(content, 0))
    if value["t"] == "MetaList":
        return "; ".join(filter(None, map(_meta_text, content)))
    return str(content) if value["t"] == "MetaString" else ""


def _meta_list(value: Node | None) -> tuple[str, ...]:
    values = value["c"] if value and value["t"] == "MetaList" else [value]
    return tuple(filter(None, (" ".join(_meta_text(one).split()) for one in values)))


_WRITERS: dict[str, Callable[[Any, int], Iterator[str]]] = {
    "Para": _paragraph_texts,
    "Plain": _paragraph_texts,
    "Header": _heading_texts,
    "BulletList": _list_texts,
    "OrderedList": lambda content, depth: _list_texts(content[1], depth),
    "Div": lambda content, depth: _block_texts(content[-1], depth + 1),
    "Figure": lambda content, depth: _block_texts(content[-1], depth + 1),
    "BlockQuote": _quoted_texts,
    "DefinitionList": _definition_texts,
    "LineBlock": _line_texts,
    "Table": _cell_texts,
}
