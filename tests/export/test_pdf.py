import shutil
import subprocess
import sys
from pathlib import Path

import pypdfium2
from tests.export.manuscripts import make_manuscript, make_single, pdf_text, rendered, without_blanks

import tesigo
from tesigo.export.formats import Format


def test_the_pdf_names_title_author_and_language_and_is_tagged() -> None:
    data = rendered(make_manuscript("it"), Format.PDF)
    with pypdfium2.PdfDocument(data) as document:
        properties = document.get_metadata_dict()
        is_tagged = pypdfium2.raw.FPDFCatalog_IsTagged(document)
    assert properties["Title"] == "Teaching with machines: what the evidence says"
    assert properties["Author"] == "Ann Author"
    assert properties["CreationDate"].startswith("D:20261123")
    assert is_tagged
    assert b"/Lang(it)" in data


def test_the_pdf_s_bookmarks_are_its_headings() -> None:
    with pypdfium2.PdfDocument(rendered(make_manuscript(), Format.PDF)) as document:
        titles = [bookmark.get_title() for bookmark in document.get_toc()]
    assert titles == [
        "Abstract",
        "Contents",
        "1 Introduction",
        "2 Methods of teaching",
        "2.1 Methods of teaching I",
        "2.2 Methods of teaching II",
        "3 Conclusion",
        "References",
        "How this document was written",
    ]


def used_fonts(data: bytes) -> set[str]:
    with pypdfium2.PdfDocument(data) as document:
        return {
            item.get_font().get_base_name().rpartition("+")[2]
            for page in document
            for item in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT])
        }


def test_every_ukrainian_letter_is_in_every_face_of_the_font() -> None:
    letters = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя’АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯёыэъ"
    data = rendered(make_single(f"{letters} *{letters}* **{letters}** ***{letters}***"), Format.PDF)
    assert without_blanks(pdf_text(data)).count(letters) == 4
    assert used_fonts(data) == {f"Tinos-{face}" for face in ("Regular", "Bold", "Italic", "BoldItalic")}


def test_without_fonts_the_remedy_is_named(tmp_path: Path) -> None:
    package = Path(tesigo.__file__).parent
    for room in ("kit", "manuscript", "export"):
        ignored = shutil.ignore_patterns("fonts", "__pycache__")
        shutil.copytree(package / room, tmp_path / "tesigo" / room, ignore=ignored)
    (tmp_path / "tesigo" / "__init__.py").touch()
    program = (
        "from tesigo.manuscript import Manuscript\nfrom tesigo.export.rendering import count_pages\n"
        "from tesigo.kit.errors import Failure\n"
        "try:\n    count_pages(Manuscript('T', 'en', 'apa', 'generic', (), ()))\n"
        "except Failure as failure:\n    print(failure.code, failure.message)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("fonts_missing The fonts")
    assert "make assets" in ended.stdout
