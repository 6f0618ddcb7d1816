"""Two readers of PDFs, each in a child of its own: what one cannot read, the other may."""

from pathlib import Path

import pytest
from tests.confined_children import killed_children

from tesigo.intake import pdf
from tesigo.intake.errors import BrokenFile, EncryptedFile, NoText
from tesigo.kit.confined import ChildKilled


def file(shared_data: Path, name: str) -> bytes:
    return (shared_data / "uploads" / "files" / name).read_bytes()


def test_the_second_reader_finds_the_same_pages_and_words(shared_data: Path):
    data = file(shared_data, "derived__uk_tech.pdf")
    first, second = pdf._ask(pdf._FIRST_READER, data), pdf._ask(pdf._SECOND_READER, data)
    assert len(first["pages"]) == len(second["pages"]) == 9
    words = [set(" ".join(found["pages"]).split()) for found in (first, second)]
    assert len(words[0] & words[1]) > 0.9 * max(map(len, words))


def test_text_beside_the_visible_page_is_found_by_the_second_reader(shared_data: Path):
    data = file(shared_data, "py-pdf__imagemagick-images.pdf")
    assert not any(pdf._ask(pdf._FIRST_READER, data)["pages"])
    assert pdf.extract_pdf(data).joined.text.startswith("Background")


@pytest.mark.parametrize("name", ["mozilla__PDFBOX-4352-0.pdf", "mozilla__poppler-937-0-fuzzed.pdf"])
def test_a_file_that_pdfium_opens_without_a_word_and_pypdf_not_at_all_is_damaged(shared_data: Path, name):
    with pytest.raises(BrokenFile, match="damaged"):
        pdf.extract_pdf(file(shared_data, name))


@pytest.mark.parametrize("name", ["apache__testOCR.pdf", "py-pdf__imagemagick-CCITTFaxDecode.pdf"])
def test_a_scan_is_said_to_have_no_text_and_what_helps(shared_data: Path, name):
    with pytest.raises(NoText, match=r"a scan\?.*OCR"):
        pdf.extract_pdf(file(shared_data, name))


def test_an_empty_password_opens_what_it_locks_and_no_other_does(shared_data: Path):
    assert pdf._ask(pdf._SECOND_READER, file(shared_data, "pdfminer__encrypted_doc_no_id.pdf"))["pages"]
    for reader in (pdf._FIRST_READER, pdf._SECOND_READER):
        assert pdf._ask(reader, file(shared_data, "pdfminer__rc4-40.pdf")) == {"refused": "password"}
    with pytest.raises(EncryptedFile, match="password"):
        pdf.extract_pdf(file(shared_data, "pdfminer__rc4-40.pdf"))


def test_a_child_that_the_machine_kills_says_nothing_of_the_file(shared_data: Path):
    with killed_children() as killed, pytest.raises(ChildKilled):
        pdf.extract_pdf(file(shared_data, "derived__uk_tech.pdf"))
    assert killed
