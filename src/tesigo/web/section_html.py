"""A section's Markdown as safe HTML, in which each citation opens the passage that supports it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

from tesigo.manuscript import Citation, Section
from tesigo.web.bibliography import Entry

_GROUP = re.compile(r"\[([^\[\]]*@[^\[\]]*)\](?!\()")
_PART = re.compile(r"([^@]*?)-?@([A-Za-z0-9_:.-]*[A-Za-z0-9_])(.*)", re.DOTALL)
_TAGS = {
    "a", "blockquote", "br", "button", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "button": {"class", "popovertarget", "type"},
    "ol": {"start"},
    "span": {"class"},
}

Locate = Callable[[Citation], str]


@dataclass(frozen=True, slots=True)
class Opened:
    """A citation's place in the page, and what it opens.

    citation: None where no passage is recorded. locator: where in the work that stands ("p. 3"), "" when not known.
    """

    id: str
    entry: Entry
    citation: Citation | None
    locator: str


@dataclass(frozen=True, slots=True)
class SectionHtml:
    """A section, ready for its place in a page."""

    section: Section
    anchor: str
    html: Markup
    opened: tuple[Opened, ...]


@dataclass(slots=True)
class _Citing:
    """What the citations of one section are taken from, in the order of their use."""

    anchor: str
    entries: Mapping[str, Entry]
    left: list[Citation]
    locate: Locate
    opened: list[Opened] = field(default_factory=list)

    def open(self, key: str) -> Opened:
        citation = next((citation for citation in self.left if citation.key == key), None)
        if citation is not None:
            self.left.remove(citation)
        locator = self.locate(citation) if citation else ""
        opened = Opened(f"{self.anchor}-c{len(self.opened) + 1}", self.entries[key], citation, locator)
        self.opened.append(opened)
        return opened


def render_section(section: Section, entries: Mapping[str, Entry], locate: Locate) -> SectionHtml:
    """Return the section as HTML. Raw HTML in the text is text; what is left is sanitised all the same.

    entries: of every source that may be cited; a key that is not among them stays as it was written.
    locate: tells where in its work a citation's passage stands; what the text says of that itself goes first.
    """
    citing = _Citing(anchor_of(section.number), entries, list(section.citations), locate)
    html = _MARKDOWN.render(section.content, {"citing": citing})
    clean = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto"})
    return SectionHtml(section, citing.anchor, Markup(clean), tuple(citing.opened))  # noqa: S704 - sanitised


def anchor_of(number: str) -> str:
    """Return the id of a section's heading: "s2-1" for "2.1"."""
    return f"s{number.replace('.', '-')}"


def _take_citation(state: StateInline, silent: bool) -> bool:
    match = _GROUP.match(state.src, state.pos)
    if match is None:
        return False
    parts = [_PART.fullmatch(part) for part in match[1].split(";")]
    entries = state.env["citing"].entries
    if not all(part and part[2] in entries for part in parts):
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.meta = {"parts": [(part[1].strip(), part[2], part[3].rstrip()) for part in parts if part]}
    state.pos = match.end()
    return True


def _show_citation(
    _renderer: RendererProtocol, tokens: Sequence[Token], index: int, _options: Any, env: Any
) -> str:
    shown = []
    for before, key, locator in tokens[index].meta["parts"]:
        opened = env["citing"].open(key)
        place = locator or (f", {opened.locator}" if opened.locator else "")
        label = escape(f"{before} {opened.entry.short}{place}".strip())
        shown.append(f'<button type="button" class="cite" popovertarget="{opened.id}">{label}</button>')
    return f'<span class="cites">({"; ".join(shown)})</span>'


def _shift_headings(state: Any) -> None:
    """Put headings inside a section below the section's own."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, max(4, int(token.tag[1])))}"


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    reader.disable(["image"])
    reader.inline.ruler.before("link", "citation", _take_citation)
    reader.core.ruler.push("shift_headings", _shift_headings)
    reader.add_render_rule("citation", _show_citation)
    return reader


_MARKDOWN = _reader()
