"""Pandoc's document tree, reduced to what a text may consist of.

Everything that a text could smuggle in is dropped here: raw code of an output format, attributes (a Typst
`fill="#read(…)"` runs as code), files and addresses, identifiers that could collide with ours.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from tesigo.export.errors import UnreadableText

Node = dict[str, Any]

NO_ATTRIBUTES: list[Any] = ["", [], []]
_DEEPEST = 40
_LONGEST_FORMULA = 4_000
_DEEPEST_FORMULA = 8
_HIGHEST_INNER_HEADING = 3
_SAFE_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s<>\"\\]{1,2000}", re.IGNORECASE)
_REFERENCE_ADDRESS = re.compile(r"#ref-[a-z0-9]+")
_TEX_WITH_EFFECTS = re.compile(
    r"\\(?:input|include|write|open(?:in|out)|read|def|edef|gdef|xdef|let|newcommand|renewcommand|catcode|csname"
    r"|directlua|special|immediate|usepackage|url|href|loop|expandafter|begingroup|every)(?![a-z])"
)
_TEX_GROUP = re.compile(r"(\{|\\left\b|\\begin\b)|(\}|\\right\b|\\end\b)")
_TEX_CHAIN = re.compile(r"(?:\\[A-Za-z]+\s*){20}|(?:[_^]\s*\\?[A-Za-z]*\s*){10}|(?:[(\[]\s*){20}")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def plain_inlines(text: str) -> list[Node]:
    """Return the inlines of a text without any markup."""
    inlines: list[Node] = []
    for word in _UNPRINTABLE.sub("", text).split(" "):
        inlines.append({"t": "Space"})
        if word:
            inlines.append({"t": "Str", "c": word})
    return inlines[1:]


def plain_text(nodes: Any) -> str:
    """Return the letters of a tree, blanks for spaces."""
    if isinstance(nodes, list):
        return "".join(map(plain_text, nodes))
    if not isinstance(nodes, dict):
        return ""
    if nodes["t"] in {"Space", "SoftBreak", "LineBreak"}:
        return " "
    content = nodes.get("c")
    if nodes["t"] in {"Code", "CodeBlock", "Math", "RawInline"} and isinstance(content, list):
        return str(content[1])
    return content if isinstance(content, str) else plain_text(content)


def clean_blocks(blocks: Iterable[Node], depth: int = 0) -> list[Node]:
    """Return the blocks with nothing in them but text, lists, tables, quotations, code and formulas.

    Raises UnreadableText when they nest too deep.
    """
    _check_depth(depth)
    return [clean for block in blocks for clean in _clean_block(block, depth + 1)]


def clean_inlines(inlines: Iterable[Node], depth: int = 0) -> list[Node]:
    """Return the inlines with nothing in them but text, emphasis, notes, code, formulas and safe links."""
    _check_depth(depth)
    return [clean for inline in inlines for clean in _clean_inline(inline, depth + 1)]


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text)


def _check_depth(depth: int) -> None:
    if depth > _DEEPEST:
        raise UnreadableText(f"The text nests more than {_DEEPEST} levels of markup: simplify it.")


def _clean_block(block: Node, depth: int) -> list[Node]:
    cleaner = _BLOCK_CLEANERS.get(block["t"])
    return cleaner(block, block.get("c"), depth) if cleaner else []


def _clean_paragraph(block: Node, content: Any, depth: int) -> list[Node]:
    cleaned = clean_inlines(content, depth)
    return [{"t": block["t"], "c": cleaned}] if cleaned else []


def _clean_heading(_: Node, content: Any, depth: int) -> list[Node]:
    level = max(_HIGHEST_INNER_HEADING, content[0])
    return [{"t": "Header", "c": [level, ["", ["unnumbered"], []], clean_inlines(content[2], depth)]}]


def _clean_list(block: Node, content: Any, depth: int) -> list[Node]:
    return [{"t": block["t"], "c": [clean_blocks(item, depth) for item in content]}]


def _clean_definitions(_: Node, content: Any, depth: int) -> list[Node]:
    definitions = [
        [clean_inlines(term, depth), [clean_blocks(meaning, depth) for meaning in meanings]]
        for term, meanings in content
    ]
    return [{"t": "DefinitionList", "c": definitions}]


def _clean_table(_: Node, content: Any, depth: int) -> list[Node]:
    [_, [short, long], columns, [_, head], bodies, [_, foot]] = content

    def clean_rows(rows: list[Any]) -> list[Any]:
        return [
            [
                NO_ATTRIBUTES,
                [[NO_ATTRIBUTES, *cell[1:4], clean_blocks(cell[4], depth)] for cell in cells],
            ]
            for _, cells in rows
        ]

    cleaned = [
        NO_ATTRIBUTES,
        [None if short is None else clean_inlines(short, depth), clean_blocks(long, depth)],
        columns,
        [NO_ATTRIBUTES, clean_rows(head)],
        [[NO_ATTRIBUTES, body[1], clean_rows(body[2]), clean_rows(body[3])] for body in bodies],
        [NO_ATTRIBUTES, clean_rows(foot)],
    ]
    return [{"t": "Table", "c": cleaned}]


_BLOCK_CLEANERS: dict[str, Callable[[Node, Any, int], list[Node]]] = {
    "Plain": _clean_paragraph,
    "Para": _clean_paragraph,
    "LineBlock": lambda block, content, depth: [
        {"t": block["t"], "c": [clean_inlines(line, depth) for line in content]}
    ],
    "CodeBlock": lambda block, content, _: [{"t": block["t"], "c": [NO_ATTRIBUTES, _printable(content[1])]}],
    "Header": _clean_heading,
    "HorizontalRule": lambda block, _content, _depth: [{"t": block["t"]}],
    "BlockQuote": lambda block, content, depth: [{"t": block["t"], "c": clean_blocks(content, depth)}],
    "BulletList": _clean_list,
    "OrderedList": lambda block, content, depth: [
        {"t": block["t"], "c": [content[0], [clean_blocks(item, depth) for item in content[1]]]}
    ],
    "DefinitionList": _clean_definitions,
    "Table": _clean_table,
    "Div": lambda _, content, depth: clean_blocks(content[1], depth),
    "Figure": lambda _, content, depth: clean_blocks(content[2], depth),
}

_NESTS = frozenset({"Emph", "Underline", "Strong", "Strikeout", "Superscript", "Subscript", "SmallCaps"})
_BLANKS = frozenset({"Space", "SoftBreak", "LineBreak"})


def _clean_inline(inline: Node, depth: int) -> list[Node]:
    kind, content = inline["t"], inline.get("c")
    if kind in _BLANKS:
        return [{"t": kind}]
    if kind in _NESTS:
        return [{"t": kind, "c": clean_inlines(content or [], depth)}]
    cleaner = _INLINE_CLEANERS.get(kind)
    return cleaner(content, depth) if cleaner else []


def _clean_word(content: Any, _depth: int) -> list[Node]:
    text = _printable(content)
    return [{"t": "Str", "c": text}] if text else []


def _clean_math(content: Any, _depth: int) -> list[Node]:
    if not _is_plain_formula(content[1]):
        return [{"t": "Code", "c": [NO_ATTRIBUTES, _printable(content[1])]}]
    return [{"t": "Math", "c": content}]


def _is_plain_formula(tex: str) -> bool:
    """Whether it is short, flat (nesting takes exponential time to convert) and only typesets."""
    depth = deepest = 0
    for opening, closing in _TEX_GROUP.findall(tex):
        depth += bool(opening) - bool(closing)
        deepest = max(deepest, depth)
    return (
        len(tex) <= _LONGEST_FORMULA
        and deepest <= _DEEPEST_FORMULA
        and not _TEX_CHAIN.search(tex)
        and not _TEX_WITH_EFFECTS.search(tex)
    )


def _clean_link(content: Any, depth: int) -> list[Node]:
    shown = clean_inlines(content[1], depth)
    address = content[2][0]
    if _SAFE_ADDRESS.fullmatch(address) or _REFERENCE_ADDRESS.fullmatch(address):
        return [{"t": "Link", "c": [NO_ATTRIBUTES, shown, [address, ""]]}]
    return shown


def _clean_cite(content: Any, depth: int) -> list[Node]:
    citations = [
        {
            **citation,
            "citationPrefix": clean_inlines(citation["citationPrefix"], depth),
            "citationSuffix": clean_inlines(citation["citationSuffix"], depth),
        }
        for citation in content[0]
    ]
    return [{"t": "Cite", "c": [citations, clean_inlines(content[1], depth)]}]


_INLINE_CLEANERS: dict[str, Callable[[Any, int], list[Node]]] = {
    "Str": _clean_word,
    "Quoted": lambda content, depth: [{"t": "Quoted", "c": [content[0], clean_inlines(content[1], depth)]}],
    "Code": lambda content, _: [{"t": "Code", "c": [NO_ATTRIBUTES, _printable(content[1])]}],
    "Math": _clean_math,
    "Link": _clean_link,
    "Image": lambda content, depth: clean_inlines(content[1], depth),
    "Note": lambda content, depth: [{"t": "Note", "c": clean_blocks(content, depth)}],
    "Span": lambda content, depth: clean_inlines(content[1], depth),
    "Cite": _clean_cite,
}
