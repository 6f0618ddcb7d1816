"""`word/styles.xml` for a norm, written whole: nothing of pandoc's own look remains.

The order of elements is the schema's (ECMA-376, part 1, 17.3.1.26 `pPr`, 17.3.2.28 `rPr`, 17.7.4.17 `style`):
Word calls a file damaged that has them in another order.
"""

from xml.sax.saxutils import escape

from tesigo.export.docx_looks import CODE_FONT, TEXT_FONT, Look, paragraph_looks
from tesigo.export.norms import Norm

WORD_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_REGIONS = {
    "en": "en-US",
    "uk": "uk-UA",
    "it": "it-IT",
    "de": "de-DE",
    "fr": "fr-FR",
    "es": "es-ES",
    "pl": "pl-PL",
}


def twips(points: float) -> int:
    """Return Word's twentieths of a point."""
    return round(points * 20)


def twips_of_mm(millimetres: float) -> int:
    """Return Word's twentieths of a point for a length on paper."""
    return twips(millimetres * 72 / 25.4)


def word_language(language: str) -> str:
    """Return the language with a region, which Word's proofing tools ask for."""
    return _REGIONS.get(language.lower(), language)


def styles_part(norm: Norm, *, language: str, reference_number_pt: float) -> str:
    """Return the part's XML.

    reference_number_pt: the width that the bibliography's numbers need, 0 in a style without numbers.
    """
    looks = paragraph_looks(norm, reference_number_pt=reference_number_pt)
    return (
        f'{XML_HEAD}<w:styles xmlns:w="{WORD_NAMESPACE}"><w:docDefaults><w:rPrDefault><w:rPr>'
        f"{_fonts(TEXT_FONT)}{_size(norm.size_pt)}"
        f'<w:lang w:val="{escape(word_language(language))}" w:eastAsia="zh-CN" w:bidi="ar-SA"/>'
        f"</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>{''.join(map(_paragraph_style, looks))}"
        f"{_CHARACTER_STYLES}{_TABLE_STYLES}</w:styles>"
    )


def _paragraph_style(look: Look) -> str:
    default = ' w:default="1"' if look.style_id == "Normal" else ""
    own = ' w:customStyle="1"' if look.is_own else ""
    parent = f'<w:basedOn w:val="{look.parent}"/>' if look.parent else ""
    follower = f'<w:next w:val="{look.follower}"/>' if look.follower else ""
    return (
        f'<w:style w:type="paragraph"{default}{own} w:styleId="{look.style_id}"><w:name w:val="{look.name}"/>'
        f"{parent}{follower}<w:qFormat/><w:pPr>{_paragraph_properties(look)}</w:pPr>"
        f"<w:rPr>{_run_properties(look)}</w:rPr></w:style>"
    )


def _paragraph_properties(look: Look) -> str:
    parts = ["<w:keepNext/><w:keepLines/>" if look.keeps_with_next else "", "<w:widowControl/>"]
    if look.numbering_level >= 0:
        parts.append(f'<w:numPr><w:ilvl w:val="{look.numbering_level}"/><w:numId w:val="1"/></w:numPr>')
    if look.right_tab_pt:
        parts.append(
            f'<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="{twips(look.right_tab_pt)}"/></w:tabs>'
        )
    elif look.left_tab_pt:
        parts.append(f'<w:tabs><w:tab w:val="left" w:pos="{twips(look.left_tab_pt)}"/></w:tabs>')
    if not look.hyphenates:
        parts.append("<w:suppressAutoHyphens/>")
    parts.append(
        f'<w:spacing w:before="{twips(look.before_pt)}" w:after="{twips(look.after_pt)}" '
        f'w:line="{look.line_spacing * 240:.0f}" w:lineRule="auto"/>'
    )
    if look.numbering_level < 0:  # a numbered heading takes its indent from the numbering
        indent = "hanging" if look.indent_pt < 0 else "firstLine"
        parts.append(
            f'<w:ind w:left="{twips(look.left_pt)}" w:right="{twips(look.right_pt)}" '
            f'w:{indent}="{twips(abs(look.indent_pt))}"/>'
        )
    parts.append(f'<w:jc w:val="{look.alignment}"/>')
    if look.outline_level >= 0:
        parts.append(f'<w:outlineLvl w:val="{look.outline_level}"/>')
    return "".join(parts)


def _run_properties(look: Look) -> str:
    bold = "<w:b/><w:bCs/>" if look.is_bold else ""
    italic = "<w:i/><w:iCs/>" if look.is_italic else ""
    capitals = "<w:caps/>" if look.is_capitals else ""
    return f"{_fonts(look.font)}{bold}{italic}{capitals}{_size(look.size_pt)}"


def _size(points: float) -> str:
    return f'<w:sz w:val="{points * 2:.0f}"/><w:szCs w:val="{points * 2:.0f}"/>'


def _fonts(name: str) -> str:
    return f'<w:rFonts w:ascii="{name}" w:hAnsi="{name}" w:eastAsia="{name}" w:cs="{name}"/>'


_CHARACTER_STYLES = (
    '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">'
    '<w:name w:val="Default Paragraph Font"/><w:uiPriority w:val="1"/><w:semiHidden/></w:style>'
    '<w:style w:type="character" w:customStyle="1" w:styleId="VerbatimChar"><w:name w:val="Verbatim Char"/>'
    f'<w:basedOn w:val="DefaultParagraphFont"/><w:rPr>{_fonts(CODE_FONT)}{_size(10)}</w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="FootnoteReference"><w:name w:val="footnote reference"/>'
    '<w:basedOn w:val="DefaultParagraphFont"/><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/>'
    '<w:basedOn w:val="DefaultParagraphFont"/></w:style>'
)

_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)

_TABLE_STYLES = (
    '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/>'
    '<w:semiHidden/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar>'
    '<w:top w:w="0" w:type="dxa"/><w:left w:w="108" w:type="dxa"/>'
    '<w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/>'
    "</w:tblCellMar></w:tblPr></w:style>"
    '<w:style w:type="table" w:customStyle="1" w:styleId="Table"><w:name w:val="Table"/>'
    '<w:basedOn w:val="TableNormal"/><w:pPr><w:spacing w:line="240" w:lineRule="auto"/></w:pPr>'
    f"<w:rPr>{_size(11)}</w:rPr><w:tblPr><w:tblBorders>{_BORDERS}</w:tblBorders></w:tblPr>"
    '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr></w:tblStylePr></w:style>'
)
