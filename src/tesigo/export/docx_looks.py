"""How each of Word's paragraph styles looks under a norm."""

from dataclasses import dataclass, replace

from tesigo.export.norms import Norm

CODE_FONT = "Courier New"
TEXT_FONT = "Times New Roman"

_POINTS_PER_MM = 72 / 25.4
_FRAME_LINE_SPACING = 1.15


@dataclass(frozen=True, slots=True)
class Look:
    """A paragraph style.

    indent_pt: of the first line; below 0 all lines but the first are indented.
    outline_level, numbering_level: from 0; -1 for none.
    right_tab_pt: of a tab with leader dots; left_tab_pt: of a plain one; 0 for none.
    """

    style_id: str
    name: str
    size_pt: float
    parent: str = "Normal"
    follower: str = ""
    font: str = TEXT_FONT
    is_own: bool = False
    is_bold: bool = False
    is_italic: bool = False
    is_capitals: bool = False
    before_pt: float = 0
    after_pt: float = 0
    line_spacing: float = 1.0
    left_pt: float = 0
    right_pt: float = 0
    indent_pt: float = 0
    alignment: str = "left"
    keeps_with_next: bool = False
    hyphenates: bool = True
    outline_level: int = -1
    numbering_level: int = -1
    right_tab_pt: float = 0
    left_tab_pt: float = 0


def paragraph_looks(norm: Norm, *, reference_number_pt: float) -> list[Look]:
    """Return every paragraph style that a document of ours uses, the default one first.

    reference_number_pt: the width that the bibliography's numbers need, 0 in a style without numbers.
    """
    return [
        Look("Normal", "Normal", norm.size_pt, parent=""),
        *_text_looks(norm),
        *_heading_looks(norm),
        *_frame_looks(norm, reference_number_pt),
    ]


def _text_looks(norm: Norm) -> list[Look]:
    indent = norm.indent_mm * _POINTS_PER_MM
    body = Look(
        "BodyText",
        "Body Text",
        norm.size_pt,
        line_spacing=norm.line_spacing,
        alignment="both" if norm.is_justified else "left",
        indent_pt=indent,
    )
    own = replace(body, is_own=True, indent_pt=0)
    note = Look("FootnoteText", "footnote text", 10, alignment=body.alignment)
    return [
        body,
        replace(body, style_id="FirstParagraph", name="First Paragraph", is_own=True, parent="BodyText"),
        replace(own, style_id="Compact", name="Compact", alignment="left"),
        Look("TableText", "Table Text", 11, is_own=True),
        replace(
            body,
            style_id="BlockText",
            name="Block Text",
            size_pt=norm.quote_pt,
            line_spacing=norm.quote_spacing,
            before_pt=4,
            after_pt=6,
            left_pt=10 * _POINTS_PER_MM,
            right_pt=5 * _POINTS_PER_MM,
            indent_pt=0,
        ),
        note,
        replace(note, style_id="FootnoteBlockText", name="Footnote Block Text", is_own=True, left_pt=28),
        Look(
            "SourceCode",
            "Source Code",
            10,
            font=CODE_FONT,
            is_own=True,
            before_pt=6,
            after_pt=6,
            left_pt=12,
            hyphenates=False,
        ),
        replace(
            own,
            style_id="DefinitionTerm",
            name="Definition Term",
            is_bold=True,
            keeps_with_next=True,
            left_pt=indent,
        ),
        replace(own, style_id="Definition", name="Definition", left_pt=indent + 12),
        replace(note, style_id="Caption", name="caption", size_pt=11, alignment="left"),
        Look(
            "TableCaption", "Table Caption", 11, is_own=True, before_pt=10, after_pt=4, keeps_with_next=True
        ),
    ]


def _heading_looks(norm: Norm) -> list[Look]:
    first, second, third = norm.heading_pt
    indent = norm.section_indent_mm * _POINTS_PER_MM
    chapter = Look(
        "Heading1",
        "heading 1",
        first,
        follower="BodyText",
        is_bold=True,
        is_capitals=norm.is_chapter_in_capitals,
        before_pt=first * 1.8,
        after_pt=first,
        line_spacing=_FRAME_LINE_SPACING,
        alignment="center" if norm.is_chapter_centred else "left",
        keeps_with_next=True,
        hyphenates=False,
        outline_level=0,
        numbering_level=0 if norm.is_numbered else -1,
    )
    section = replace(
        chapter,
        style_id="Heading2",
        name="heading 2",
        size_pt=second,
        is_capitals=False,
        before_pt=second * 1.2,
        after_pt=second * 0.7,
        alignment="left",
        left_pt=indent,
        outline_level=1,
        numbering_level=1 if norm.is_numbered else -1,
    )
    inner = replace(section, size_pt=third, is_italic=True, before_pt=third, numbering_level=-1)
    return [
        chapter,
        section,
        *(
            replace(inner, style_id=f"Heading{level}", name=f"heading {level}", outline_level=level - 1)
            for level in range(3, 7)
        ),
        replace(chapter, style_id="TOCHeading", name="TOC Heading", outline_level=-1, numbering_level=-1),
    ]


def _frame_looks(norm: Norm, reference_number_pt: float) -> list[Look]:
    width = norm.text_mm[0] * _POINTS_PER_MM
    hanging = reference_number_pt or norm.hanging_mm * _POINTS_PER_MM
    title = Look(
        "Title",
        "Title",
        norm.title_pt,
        follower="BodyText",
        is_bold=True,
        line_spacing=_FRAME_LINE_SPACING,
        alignment="center",
        hyphenates=False,
    )
    chapter = Look(
        "TOC1",
        "toc 1",
        norm.size_pt,
        is_bold=True,
        before_pt=6,
        line_spacing=_FRAME_LINE_SPACING,
        right_tab_pt=width,
        hyphenates=False,
    )
    return [
        title,
        replace(
            title, style_id="Author", name="Author", is_own=True, size_pt=14, is_bold=False, before_pt=20
        ),
        replace(title, style_id="Date", name="Date", size_pt=12, is_bold=False),
        chapter,
        replace(chapter, style_id="TOC2", name="toc 2", is_bold=False, before_pt=2, left_pt=14),
        Look(
            "Bibliography",
            "Bibliography",
            norm.size_pt,
            after_pt=norm.references_gap_pt,
            line_spacing=norm.references_spacing,
            left_pt=max(hanging, 0),
            indent_pt=-hanging,
            left_tab_pt=reference_number_pt,
        ),
        Look("Header", "header", 11, alignment="right"),
        Look("Footer", "footer", 11, alignment="center"),
    ]
