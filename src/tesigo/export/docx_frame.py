"""What stands around a document's text in Word: title page, contents with page numbers, headings, footer."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from tesigo.export.composition import REFERENCES_ANCHOR, ComposedSection, Composition
from tesigo.export.docx_styles import WORD_NAMESPACE, XML_HEAD, twips, twips_of_mm
from tesigo.export.norms import Norm
from tesigo.export.tree import Node

_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_FIRST_BOOKMARK = 100_000
"""Above every bookmark number that pandoc gives."""

_NO_SPACE_BEFORE = '<w:spacing w:before="0"/>'
_CONTENTS_FIELD = ' TOC \\o "1-2" \\h \\z \\u '
PAGE_NUMBER_RELATIONSHIP = "rIdPageNumber"


def word_blocks(composition: Composition, heading_pages: Sequence[int]) -> Iterator[Node]:
    """Yield the whole document for pandoc's DOCX writer: our frame as OOXML, the text as it is.

    heading_pages: the printed page number of each section, as the PDF's layout has them.
    """
    yield _raw(_title_page(composition))
    pages = composition.manuscript.pages
    norm = composition.norm
    is_contents_on_new_page = True
    if composition.abstract is not None:
        yield _raw(_front_heading(composition.abstract.heading, is_on_new_page=True))
        yield from composition.abstract.blocks
        is_contents_on_new_page = not norm.shares_front_page(pages)
    yield _raw(_contents(composition, heading_pages, is_on_new_page=is_contents_on_new_page))
    for position, section in enumerate(composition.sections):
        is_reference_list = section.anchor == REFERENCES_ANCHOR
        breaks = _starts_page(section, norm, pages) or position == 0
        yield _raw(_heading(section, position, is_on_new_page=breaks))
        yield from section.blocks
        if is_reference_list:
            yield from _references(composition)


def page_number_part(norm: Norm) -> str:
    """Return the header or footer that holds the page number."""
    kind = page_number_kind(norm)
    style = "Header" if kind == "header" else "Footer"
    root = "hdr" if kind == "header" else "ftr"
    return (
        f'{XML_HEAD}<w:{root} xmlns:w="{WORD_NAMESPACE}"><w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>'
        f"{_field(' PAGE ', '1')}</w:p></w:{root}>"
    )


def page_number_kind(norm: Norm) -> str:
    """Return "header" or "footer": where the norm wants the page number."""
    return "header" if norm.page_number_at == "top right" else "footer"


def section_properties(norm: Norm) -> str:
    """Return the `sectPr` that ends the body: paper, margins, page number."""
    width, height = map(twips_of_mm, norm.paper_mm)
    edge = twips_of_mm(min(12.5, norm.top_mm / 2))
    without_first = "" if norm.is_title_page_numbered else "<w:titlePg/>"
    return (
        f'<w:sectPr xmlns:w="{WORD_NAMESPACE}" xmlns:r="{_RELATIONSHIPS}">'
        f'<w:{page_number_kind(norm)}Reference w:type="default" r:id="{PAGE_NUMBER_RELATIONSHIP}"/>'
        f'<w:pgSz w:w="{width}" w:h="{height}"/>'
        f'<w:pgMar w:top="{twips_of_mm(norm.top_mm)}" w:right="{twips_of_mm(norm.right_mm)}" '
        f'w:bottom="{twips_of_mm(norm.bottom_mm)}" w:left="{twips_of_mm(norm.left_mm)}" w:header="{edge}" '
        f'w:footer="{edge}" w:gutter="0"/>{without_first}</w:sectPr>'
    )


def heading_numbering(norm: Norm) -> tuple[str, str]:
    """Return the `abstractNum` and the `num` by which Word numbers chapters and sections."""
    levels = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        f'<w:pStyle w:val="Heading{level + 1}"/><w:suff w:val="{suffix}"/>'
        f'<w:lvlText w:val="{text}{norm.number_suffix}"/><w:lvlJc w:val="left"/>'
        f'<w:pPr><w:ind w:left="{left}" w:{indent}/></w:pPr></w:lvl>'
        for level, (text, suffix, left, indent) in enumerate(_numbering_levels(norm))
    )
    return (
        f'<w:abstractNum xmlns:w="{WORD_NAMESPACE}" w:abstractNumId="1"><w:nsid w:val="0A1B2C3D"/>'
        f'<w:multiLevelType w:val="multilevel"/>{levels}</w:abstractNum>',
        f'<w:num xmlns:w="{WORD_NAMESPACE}" w:numId="1"><w:abstractNumId w:val="1"/></w:num>',
    )


def _numbering_levels(norm: Norm) -> Iterator[tuple[str, str, int, str]]:
    for text, width_pt, is_flush in (
        ("%1", norm.heading_pt[0] * 1.4, not norm.is_chapter_centred),
        ("%1.%2", norm.heading_pt[1] * 2.1, not norm.section_indent_mm),
    ):
        if is_flush:
            width = twips(width_pt)
            yield text, "tab", width, f'hanging="{width}"'
        else:
            left = 0 if text == "%1" else twips_of_mm(norm.section_indent_mm)
            yield text, "space", left, 'firstLine="0"'


def _starts_page(section: ComposedSection, norm: Norm, pages: int) -> bool:
    if section.anchor == REFERENCES_ANCHOR:
        return norm.starts_references_on_new_page(pages)
    return section.is_chapter and norm.starts_chapters_on_new_page(pages)


def _title_page(composition: Composition) -> str:
    norm, manuscript = composition.norm, composition.manuscript
    width, height = (length * 72 / 25.4 for length in norm.text_mm)
    lines = 1 + int(len(manuscript.title) * norm.title_pt * 0.5 / width)
    taken = lines * norm.title_pt * 1.35 + (40 if manuscript.author else 0) + 30
    free = max(height * 0.9 - taken, 0)
    parts = [_styled("Title", manuscript.title, before_pt=free / 3)]
    if manuscript.author:
        parts.append(_styled("Author", manuscript.author))
    if composition.date_line:
        parts.append(_styled("Date", composition.date_line, before_pt=free * 2 / 3))
    return "".join(parts)


def _styled(style: str, text: str, *, before_pt: float | None = None) -> str:
    spacing = "" if before_pt is None else f'<w:spacing w:before="{twips(before_pt)}"/>'
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{spacing}</w:pPr>{_run(text)}</w:p>'


def _front_heading(text: str, *, is_on_new_page: bool) -> str:
    spacing = _NO_SPACE_BEFORE if is_on_new_page else ""
    return (
        f'<w:p><w:pPr><w:pStyle w:val="TOCHeading"/>{_page_break(is_on_new_page)}{spacing}</w:pPr>'
        f"{_run(text)}</w:p>"
    )


def _page_break(is_on_new_page: bool) -> str:
    return "<w:pageBreakBefore/>" if is_on_new_page else ""


def _heading(section: ComposedSection, position: int, *, is_on_new_page: bool) -> str:
    is_plain = not section.number
    mark = _FIRST_BOOKMARK + position
    spacing = _NO_SPACE_BEFORE if is_on_new_page else ""
    numbering = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="0"/></w:numPr>' if is_plain else ""
    indent = '<w:ind w:left="0" w:firstLine="0"/>' if is_plain and section.level == 1 else ""
    return (
        f'<w:p><w:pPr><w:pStyle w:val="Heading{section.level}"/>{_page_break(is_on_new_page)}{numbering}'
        f'{spacing}{indent}</w:pPr><w:bookmarkStart w:id="{mark}" w:name="{_bookmark(position)}"/>'
        f'{_run(section.heading)}<w:bookmarkEnd w:id="{mark}"/></w:p>'
    )


def _bookmark(position: int) -> str:
    return f"_Toc{position + 1:08d}"


def _contents(composition: Composition, heading_pages: Sequence[int], *, is_on_new_page: bool) -> str:
    entries = []
    last = len(composition.sections) - 1
    for position, (section, page) in enumerate(zip(composition.sections, heading_pages, strict=True)):
        text = f"{section.number}  {section.heading}" if section.number else section.heading
        start = _field_start(_CONTENTS_FIELD) if position == 0 else ""
        end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>' if position == last else ""
        entries.append(
            f'<w:p><w:pPr><w:pStyle w:val="TOC{section.level}"/></w:pPr>{start}'
            f'<w:hyperlink w:anchor="{_bookmark(position)}" w:history="1">{_run(text)}<w:r><w:tab/></w:r>'
            f"{_page_reference(position, page)}</w:hyperlink>{end}</w:p>"
        )
    heading = _front_heading(composition.words.contents, is_on_new_page=is_on_new_page)
    return (
        '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/><w:docPartUnique/>'
        f"</w:docPartObj></w:sdtPr><w:sdtContent>{heading}{''.join(entries)}</w:sdtContent></w:sdt>"
    )


def _page_reference(position: int, page: int) -> str:
    return _field(f" PAGEREF {_bookmark(position)} \\h ", str(page))


def _references(composition: Composition) -> Iterator[Node]:
    for reference in composition.references:
        label: list[Node] = []
        if reference.label:
            label = [
                {"t": "Str", "c": reference.label},
                {"t": "RawInline", "c": ["openxml", "<w:r><w:tab/></w:r>"]},
            ]
        paragraph = {"t": "Para", "c": label + reference.inlines}
        attributes = [f"ref-{reference.key}", [], [["custom-style", "Bibliography"]]]
        yield {"t": "Div", "c": [attributes, [paragraph]]}


def _run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _field(instruction: str, shown: str) -> str:
    return f'{_field_start(instruction)}{_run(shown)}<w:r><w:fldChar w:fldCharType="end"/></w:r>'


def _field_start(instruction: str) -> str:
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve">{escape(instruction)}</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )


def _raw(code: str) -> Node:
    return {"t": "RawBlock", "c": ["openxml", code]}
