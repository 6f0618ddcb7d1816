"""Sections' Markdown → trees: one run of pandoc for the whole manuscript, nothing in it believed."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tesigo.export.errors import UnreadableText
from tesigo.export.pandoc import run_pandoc
from tesigo.export.safety import check_markdown
from tesigo.export.tree import Node, clean_blocks
from tesigo.kit.confined import ConfinedFailure
from tesigo.manuscript import Section

_SWITCHED_OFF = (
    "smart",  # quotations stay as they are to the character
    "raw_html raw_tex raw_attribute latex_macros",
    "yaml_metadata_block pandoc_title_block mmd_title_block",
    "native_divs native_spans markdown_in_html_blocks fenced_divs bracketed_spans",
    "header_attributes link_attributes table_attributes fenced_code_attributes inline_code_attributes",
    "auto_identifiers implicit_header_references implicit_figures example_lists task_lists",
)
_READER = "markdown-" + "-".join(" ".join(_SWITCHED_OFF).split())


@dataclass(frozen=True, slots=True)
class ParsedText:
    """A part of the manuscript as a clean tree.

    api_version: pandoc's, which its JSON has to repeat.
    """

    parts: tuple[list[Node], ...]
    api_version: list[int]


def parse_parts(sections: Sequence[Section], *, folder: Path) -> ParsedText:
    """Return the clean blocks of each section's content, in their order.

    Every section is a file of its own, so that a fence or bracket left open in one does not swallow the next.
    Raises UnreadableText when a section is too intricate to be parsed.
    """
    marker = f"part{secrets.token_hex(16)}x"
    names = []
    for position, section in enumerate(sections):
        check_markdown(section.content, place=section.heading)
        name = f"part{position:05d}.md"
        text = section.content.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        (folder / name).write_text(f"# {marker}{position}\n\n{text}\n", "utf-8", errors="replace")
        names.append(name)
    try:
        parsed = json.loads(run_pandoc(["--file-scope", "-f", _READER, "-t", "json", *names], folder=folder))
        parts = [clean_blocks(blocks) for blocks in _cut_at(parsed["blocks"], marker)]
    except (ConfinedFailure, RecursionError) as cause:
        raise UnreadableText(
            "The text is too intricate to be set: look for open brackets, deep nesting and very long words."
        ) from cause
    return ParsedText(tuple(parts), parsed["pandoc-api-version"])


def _cut_at(blocks: list[Node], marker: str) -> list[list[Node]]:
    parts: list[list[Node]] = []
    for block in blocks:
        if block["t"] == "Header" and block["c"][2] == [{"t": "Str", "c": f"{marker}{len(parts)}"}]:
            parts.append([])
        else:
            parts[-1].append(block)
    return parts
