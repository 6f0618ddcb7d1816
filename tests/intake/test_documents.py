"""Texts, Markdown, PDF and Word documents become one source each."""

import io
import zipfile
from xml.sax.saxutils import escape

import pytest

from tesigo.intake.prose_files import describe_text, title_of_name
from tesigo.intake.reading import read_sources

MARKDOWN = """---
title: "A plain title"
author: Anna Rossi; Luca Bianchi
date: 2021-03-04
---

# Another heading

Prose with “quotes” and *emphasis*.
"""


def test_front_matter_describes_a_markdown_text():
    (source,) = read_sources("x.md", MARKDOWN.encode(), taken=()).sources
    assert (source.key, source.title, source.year) == ("rossi2021", "A plain title", 2021)
    assert source.csl["author"] == [
        {"family": "Rossi", "given": "Anna"},
        {"family": "Bianchi", "given": "Luca"},
    ]


def test_the_text_is_kept_as_its_author_wrote_it():
    (source,) = read_sources("x.md", MARKDOWN.replace("\n", "\r\n").encode(), taken=()).sources
    assert source.full_text == MARKDOWN
    assert source.body == MARKDOWN


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# The *first* [heading](x) {#id}\n\nProse.", "The first heading"),
        ("```\n# not this\n```\n\n## This one ##\n", "This one"),
        ("Prose only.", "My great paper"),
    ],
)
def test_without_front_matter_the_first_heading_or_the_name_is_the_title(text, title):
    assert describe_text("dir/my_great-paper.md", text, is_markdown=True).title == title


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("smith_2020-final.pdf", "Smith 2020 final"),
        ("C:\\docs\\a b.txt", "A b"),
        ("...", "Untitled"),
        ("", "Untitled"),
    ],
)
def test_a_name_becomes_a_title(name, title):
    assert title_of_name(name) == title


PARAGRAPH = (
    '<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
)


def make_docx(*paragraphs: tuple[str, str]) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    body = "".join(PARAGRAPH.format(style=style, text=escape(text)) for style, text in paragraphs)
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{style}"><w:name w:val="{name}"/></w:style>'
        for style, name in (
            ("Title", "Title"),
            ("Author", "Author"),
            ("Heading1", "heading 1"),
            ("Normal", "Normal"),
        )
    )
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    entries = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{main}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": f'<w:styles xmlns:w="{word}">{styles}</w:styles>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_word_document_gives_its_title_authors_headings_and_words_unchanged():
    data = make_docx(
        ("Title", "On bees"),
        ("Author", "Anna Rossi"),
        ("Heading1", "Method"),
        ("Normal", "It's “so” – e.g. 5 * 3... and C:\\x_y [1] <b>."),
    )
    (source,) = read_sources("upload.docx", data, taken=()).sources
    assert (source.title, source.author_names) == ("On bees", ("Rossi",))
    assert source.full_text == "# Method\n\nIt's “so” – e.g. 5 * 3... and C:\\x_y [1] <b>."


def test_a_word_document_without_a_title_is_called_by_its_heading_or_name():
    heading = make_docx(("Heading1", "Method"), ("Normal", "Words."))
    assert read_sources("my_thesis.docx", heading, taken=()).sources[0].title == "Method"
    bare = make_docx(("Normal", "Words."))
    assert read_sources("my_thesis.docx", bare, taken=()).sources[0].title == "My thesis"
