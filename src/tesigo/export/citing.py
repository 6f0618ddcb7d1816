"""Citations and bibliography: one run of citeproc, whatever the format that the text is for."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tesigo.export.errors import UnknownCitation
from tesigo.export.pandoc import run_pandoc
from tesigo.export.parsing import ParsedText
from tesigo.export.records import clean_record
from tesigo.export.styles import find_style
from tesigo.export.tree import NO_ATTRIBUTES, Node, clean_blocks, clean_inlines, plain_text
from tesigo.export.words import frame_words
from tesigo.manuscript import Citation, Manuscript, Source, pages_of

_PAGE_SIGN = re.compile(r"(?:pp?|pgs?|pages?|с|стор|сс|S|s|str)\.?", re.IGNORECASE)
_RANGE = re.compile(r"\d+\s*[-–—,]\s*\d+")
_PARAGRAPHS = frozenset({"Plain", "Para"})


@dataclass(frozen=True, slots=True)
class Reference:
    """An entry of the bibliography.

    label: what a numeric style prints before the entry ("[1]"), "" in other styles.
    """

    key: str
    label: str
    inlines: list[Node]


@dataclass(frozen=True, slots=True)
class CitedText:
    """The manuscript's parts with their citations written out, and the bibliography in the style's order.

    cited: the sources in the order of their first use.
    """

    parts: tuple[list[Node], ...]
    cited: tuple[Source, ...]
    references: tuple[Reference, ...]
    api_version: list[int]

    @property
    def is_labelled(self) -> bool:
        """Whether the style numbers the bibliography's entries."""
        return any(reference.label for reference in self.references)


def cite(text: ParsedText, manuscript: Manuscript, *, folder: Path) -> CitedText:
    """Return the text with its citations in the manuscript's style, with the pages of their passages where known.

    Raises UnknownCitation for a key that no source has, UnknownStyle for a style that is not there.
    """
    style = find_style(manuscript.citation_style)
    sources = {source.key: source for source in manuscript.sources}
    cited = dict.fromkeys(key for part in text.parts for key in _cited_keys(part))
    if missing := [key for key in cited if key not in sources]:
        raise UnknownCitation(missing)
    if not cited:
        return CitedText(text.parts, (), (), text.api_version)
    cited_sources = tuple(sources[key] for key in cited)
    _write_inputs(folder, style, cited_sources)
    for part, section in zip(text.parts, manuscript.sections, strict=True):
        _add_pages(part, section.citations, sources, manuscript.language)
        _use_own_page_sign(part, manuscript.language)
    document = _wrap_parts(text, manuscript.language)
    answer = run_pandoc(
        ["-f", "json", "-t", "json", "--citeproc", "--bibliography", "sources.json", "--csl", "style.csl"],
        folder=folder,
        stdin=json.dumps(document).encode(),
    )
    *divisions, bibliography = (block["c"][1] for block in json.loads(answer)["blocks"])
    references = tuple(_read_references(bibliography))
    known = {reference.key for reference in references}
    parts = tuple(keep_links(clean_blocks(part), known) for part in divisions)
    return CitedText(parts, cited_sources, references, text.api_version)


def _write_inputs(folder: Path, style: str, sources: Sequence[Source]) -> None:
    records = [clean_record(source) for source in sources]
    (folder / "sources.json").write_text(json.dumps(records, ensure_ascii=False), "utf-8")
    (folder / "style.csl").write_text(style, "utf-8")


def _wrap_parts(text: ParsedText, language: str) -> Node:
    divisions = [{"t": "Div", "c": [NO_ATTRIBUTES, part]} for part in text.parts]
    return {
        "pandoc-api-version": text.api_version,
        "meta": {
            "lang": {"t": "MetaString", "c": language},
            "link-citations": {"t": "MetaBool", "c": True},
        },
        "blocks": [*divisions, {"t": "Div", "c": [["refs", [], []], []]}],
    }


def _walk(tree: Any) -> Iterator[Node]:
    if isinstance(tree, list):
        for item in tree:
            yield from _walk(item)
    elif isinstance(tree, dict):
        if "t" in tree:
            yield tree
        for value in tree.values():
            if isinstance(value, list | dict):
                yield from _walk(value)


def _cited_keys(tree: Any) -> Iterator[str]:
    for node in _walk(tree):
        if node["t"] == "Cite":
            for citation in node["c"][0]:
                yield citation["citationId"]


def _add_pages(
    tree: Any, citations: Sequence[Citation], sources: Mapping[str, Source], language: str
) -> None:
    """Name the page of its passage in each citation that names no place itself."""
    words = frame_words(language)
    left = list(citations)
    for node in _walk(tree):
        for cited in node["c"][0] if node["t"] == "Cite" else ():
            citation = next((citation for citation in left if citation.key == cited["citationId"]), None)
            if citation is None:
                continue
            left.remove(citation)
            pages = pages_of(citation.passage, sources[citation.key])
            if pages and not cited["citationSuffix"]:
                sign, _, numbers = words.write_pages(*pages).partition(" ")
                cited["citationSuffix"] = [
                    *({"t": "Str", "c": ","}, {"t": "Space"}, {"t": "Str", "c": sign}, {"t": "Space"}),
                    {"t": "Str", "c": numbers},
                ]


def _use_own_page_sign(tree: Any, language: str) -> None:
    """Write "p." before a page as the document's language does: citeproc knows a locator by it."""
    words = frame_words(language)
    for node in _walk(tree):
        for citation in node["c"][0] if node["t"] == "Cite" else ():
            suffix = citation["citationSuffix"]
            for before, sign, after in zip(suffix, suffix[1:], suffix[2:], strict=False):
                is_sign = sign["t"] == "Str" and _PAGE_SIGN.fullmatch(sign["c"])
                if is_sign and before["t"] == "Space" and after["t"] == "Space":
                    sign["c"] = words.pages if _RANGE.search(plain_text(suffix)) else words.page
                    break


def _read_references(blocks: list[Node]) -> Iterator[Reference]:
    for entry in blocks:
        if entry["t"] != "Div" or not entry["c"][0][0].startswith("ref-"):
            continue
        label, inlines = "", list[Node]()
        for paragraph in entry["c"][1]:
            if paragraph["t"] not in _PARAGRAPHS:
                continue
            for inline in paragraph["c"]:
                if inline["t"] == "Span" and "csl-left-margin" in inline["c"][0][1]:
                    label = plain_text(inline["c"][1]).strip()
                else:
                    inlines.extend(clean_inlines([inline]))
        yield Reference(entry["c"][0][0].removeprefix("ref-"), label, inlines)


def keep_links(tree: Any, known: set[str]) -> Any:
    """Return the tree with links to the bibliography's entries in `known` only, and without Cite nodes."""
    if isinstance(tree, list):
        return [kept for item in tree for kept in _keep_link(item, known)]
    if isinstance(tree, dict):
        return {name: keep_links(value, known) for name, value in tree.items()}
    return tree


def _keep_link(item: Any, known: set[str]) -> list[Any]:
    if isinstance(item, dict):
        if item.get("t") == "Cite":
            return list(keep_links(item["c"][1], known))
        if item.get("t") == "Link":
            address = item["c"][2][0]
            if address.startswith("#") and address.removeprefix("#ref-") not in known:
                return list(keep_links(item["c"][1], known))
    return [keep_links(item, known)]
