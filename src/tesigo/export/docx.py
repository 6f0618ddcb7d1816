"""The composed document → DOCX: pandoc writes the text, the parts around it are ours, the bytes are fixed."""

import io
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from tesigo.export.composition import Composition
from tesigo.export.docx_frame import (
    PAGE_NUMBER_RELATIONSHIP,
    heading_numbering,
    page_number_kind,
    page_number_part,
    section_properties,
    word_blocks,
)
from tesigo.export.docx_styles import WORD_NAMESPACE, XML_HEAD, styles_part, twips_of_mm, word_language
from tesigo.export.layout import REFERENCE_DIGIT_EM, lay_out
from tesigo.export.pandoc import run_pandoc

_W = f"{{{WORD_NAMESPACE}}}"
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def set_docx(composition: Composition) -> bytes:
    """Return the document for Word, contents already filled with the page numbers of the PDF."""
    layout = lay_out(composition)
    document = composition.document(list(word_blocks(composition, layout.heading_pages)))
    with TemporaryDirectory(prefix="tesigo-docx-") as name:
        written = run_pandoc(
            ["-f", "json", "-t", "docx", "-o", "-"], folder=Path(name), stdin=json.dumps(document).encode()
        )
    return _replace_parts(written, composition)


def _replace_parts(written: bytes, composition: Composition) -> bytes:
    norm, manuscript = composition.norm, composition.manuscript
    number_pt = (composition.reference_number_length * REFERENCE_DIGIT_EM + 0.6) * norm.size_pt
    kind = page_number_kind(norm)
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["word/document.xml"] = _finish_text(parts["word/document.xml"], composition)
    parts["word/numbering.xml"] = _add_heading_numbering(parts["word/numbering.xml"], composition)
    parts["word/styles.xml"] = styles_part(
        norm,
        language=manuscript.language,
        reference_number_pt=number_pt if composition.reference_number_length else 0,
    ).encode()
    parts["word/settings.xml"] = _settings_part(composition).encode()
    parts[f"word/{kind}1.xml"] = page_number_part(norm).encode()
    parts["docProps/core.xml"] = _core_part(composition).encode()
    parts["[Content_Types].xml"] = _append(
        parts["[Content_Types].xml"],
        f'<Override xmlns="{_TYPES}" PartName="/word/{kind}1.xml" ContentType="{_CONTENT_TYPE}.{kind}+xml"/>',
    )
    parts["word/_rels/document.xml.rels"] = _append(
        parts["word/_rels/document.xml.rels"],
        f'<Relationship xmlns="{_RELATIONS}" Id="{PAGE_NUMBER_RELATIONSHIP}" Type="{_OFFICE}/{kind}" '
        f'Target="{kind}1.xml"/>',
    )
    return _pack(parts)


def _pack(parts: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    first = "[Content_Types].xml"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts, key=lambda part: (part != first, part)):
            entry = zipfile.ZipInfo(name, _FIXED_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, parts[name])
    return packed.getvalue()


def _finish_text(part: bytes, composition: Composition) -> bytes:
    root = etree.fromstring(part, _parser())
    body = root[0]
    for properties in body.findall(f"{_W}sectPr"):
        body.remove(properties)
    body.append(etree.fromstring(section_properties(composition.norm), _parser()))
    full_width = twips_of_mm(composition.norm.text_mm[0])
    for table in body.iter(f"{_W}tbl"):
        _finish_table(table, full_width)
    return _serialise(root)


def _finish_table(table: Any, full_width: int) -> None:
    width = table.find(f"{_W}tblPr/{_W}tblW")
    if width is not None and width.get(f"{_W}type") == "auto":
        width.set(f"{_W}type", "pct")
        width.set(f"{_W}w", "5000")
    for style in table.iter(f"{_W}pStyle"):
        if style.get(f"{_W}val") == "Compact":
            style.set(f"{_W}val", "TableText")
    columns = table.findall(f"{_W}tblGrid/{_W}gridCol")
    for column in columns:
        column.set(f"{_W}w", str(full_width // len(columns)))


def _add_heading_numbering(part: bytes, composition: Composition) -> bytes:
    root = etree.fromstring(part, _parser())
    abstract, concrete = (etree.fromstring(xml, _parser()) for xml in heading_numbering(composition.norm))
    root.insert(0, abstract)
    numbers = root.findall(f"{_W}num")
    if numbers:
        numbers[0].addprevious(concrete)
    else:
        root.append(concrete)
    return _serialise(root)


def _settings_part(composition: Composition) -> str:
    hyphens = "<w:autoHyphenation/>" if composition.norm.is_justified else ""
    return (
        f'{XML_HEAD}<w:settings xmlns:w="{WORD_NAMESPACE}"><w:zoom w:percent="100"/>{hyphens}'
        '<w:defaultTabStop w:val="708"/><w:characterSpacingControl w:val="doNotCompress"/><w:compat>'
        '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" '
        'w:val="15"/>'
        f'</w:compat><w:themeFontLang w:val="{escape(word_language(composition.manuscript.language))}"/>'
        '<w:decimalSymbol w:val="."/><w:listSeparator w:val=","/></w:settings>'
    )


def _core_part(composition: Composition) -> str:
    manuscript = composition.manuscript
    moment = f"{manuscript.dated.isoformat() if manuscript.dated else '1980-01-01'}T00:00:00Z"
    return (
        f"{XML_HEAD}<cp:coreProperties "
        'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(manuscript.title)}</dc:title><dc:creator>{escape(manuscript.author)}</dc:creator>"
        f"<dc:language>{escape(word_language(manuscript.language))}</dc:language>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{moment}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{moment}</dcterms:modified></cp:coreProperties>'
    )


def _append(part: bytes, element: str) -> bytes:
    root = etree.fromstring(part, _parser())
    root.append(etree.fromstring(element, _parser()))
    return _serialise(root)


def _serialise(root: Any) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
