"""The composed document → formats that have no pages of ours: ODT, LaTeX, EPUB, HTML, Markdown."""

import json
import uuid
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tesigo.export.citing import keep_links
from tesigo.export.composition import REFERENCES_ANCHOR, ComposedSection, Composition
from tesigo.export.pandoc import run_pandoc
from tesigo.export.tree import NO_ATTRIBUTES, Node, plain_inlines

_CONTENTS = ("--toc", "--toc-depth=2")


def set_odt(composition: Composition) -> bytes:
    """Return the document for OpenDocument programs, with contents that they fill on opening."""
    return _write(
        composition, _blocks(composition, are_numbers_text=True), ["-t", "odt", *_CONTENTS, "-o", "-"]
    )


def set_latex(composition: Composition) -> bytes:
    """Return LaTeX source for XeLaTeX or LuaLaTeX; chapters are numbered by LaTeX itself."""
    norm = composition.norm
    sides = (
        ("left", norm.left_mm),
        ("right", norm.right_mm),
        ("top", norm.top_mm),
        ("bottom", norm.bottom_mm),
    )
    variables = [
        "documentclass=report",
        f"papersize={'a4' if norm.paper == 'a4' else 'letter'}",
        f"fontsize={norm.size_pt:.0f}pt" if norm.size_pt <= 12 else "fontsize=12pt",
        f"linestretch={norm.line_spacing:g}",
        "indent=true",
        *(f"geometry={side}={length:g}mm" for side, length in sides),
    ]
    options = ["-t", "latex-smart", "--top-level-division=chapter", *_CONTENTS, "--wrap=none"]
    if norm.is_numbered:
        options.append("-N")
    options += [word for variable in variables for word in ("-V", variable)]
    return _write(composition, _blocks(composition, are_numbers_text=False), options)


def set_epub(composition: Composition) -> bytes:
    """Return an EPUB 3 book, a file for each chapter."""
    options = ["-t", "epub3", *_CONTENTS, "--split-level=1", "--mathml", "-o", "-"]
    return _write(composition, _blocks(composition, are_numbers_text=True), options)


def set_html(composition: Composition) -> bytes:
    """Return one HTML page that needs no other file and runs no script."""
    options = ["-t", "html5-smart", *_CONTENTS, "--mathml", "--wrap=none"]
    return _write(composition, _blocks(composition, are_numbers_text=True), options)


def set_markdown(composition: Composition) -> bytes:
    """Return the text as Markdown with its citations written out."""
    title: Node = {"t": "Header", "c": [1, NO_ATTRIBUTES, plain_inlines(composition.manuscript.title)]}
    blocks = [title, *_blocks(composition, are_numbers_text=True, top_level=2, are_entries_marked=False)]
    document = composition.document(keep_links(blocks, set()))
    return _run(document, ["-t", "gfm-smart", "--wrap=none"])


def _write(composition: Composition, blocks: Iterator[Node], options: Sequence[str]) -> bytes:
    document = {**composition.document(list(blocks)), "meta": _metadata(composition)}
    return _run(document, ["-s", *options])


def _run(document: Node, options: Sequence[str]) -> bytes:
    with TemporaryDirectory(prefix="tesigo-flowing-") as name:
        return run_pandoc(["-f", "json", *options], folder=Path(name), stdin=json.dumps(document).encode())


def _blocks(
    composition: Composition, *, are_numbers_text: bool, top_level: int = 1, are_entries_marked: bool = True
) -> Iterator[Node]:
    if composition.abstract is not None:
        yield _heading(composition.abstract, are_numbers_text, top_level)
        yield from composition.abstract.blocks
    for section in composition.sections:
        yield _heading(section, are_numbers_text, top_level)
        yield from section.blocks
        if section.anchor == REFERENCES_ANCHOR:
            yield from _entries(composition, are_entries_marked)


def _heading(section: ComposedSection, is_number_text: bool, top_level: int) -> Node:
    inlines = plain_inlines(section.heading)
    if is_number_text and section.number:
        inlines = [*plain_inlines(section.number), {"t": "Space"}, *inlines]
    classes = [] if section.number else ["unnumbered"]
    return {"t": "Header", "c": [section.level + top_level - 1, [section.anchor, classes, []], inlines]}


def _entries(composition: Composition, are_marked: bool) -> Iterator[Node]:
    for reference in composition.references:
        label = [*plain_inlines(reference.label), {"t": "Space"}] if reference.label else []
        paragraph = {"t": "Para", "c": [*label, *reference.inlines]}
        if are_marked:
            attributes = [f"ref-{reference.key}", [], [["custom-style", "Bibliography"]]]
            yield {"t": "Div", "c": [attributes, [paragraph]]}
        else:
            yield paragraph


def _metadata(composition: Composition) -> dict[str, Any]:
    manuscript = composition.manuscript
    texts = {
        "title": manuscript.title,
        "author": manuscript.author,
        "date": composition.date_line,
    }
    fingerprint = sha256(repr(manuscript).encode()).digest()[:16]
    return {
        "lang": {"t": "MetaString", "c": manuscript.language},
        "toc-title": {"t": "MetaString", "c": composition.words.contents},
        "identifier": {"t": "MetaString", "c": f"urn:uuid:{uuid.UUID(bytes=fingerprint)}"},
        **{name: {"t": "MetaInlines", "c": plain_inlines(text)} for name, text in texts.items() if text},
    }
