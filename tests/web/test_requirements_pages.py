"""The rules of a university on the pages: read, shown with their sentences, taken over only where somebody wants."""

import pytest
import pytest_asyncio
from tests.web.conftest import Browser, words_on

from tesigo.entry.wiring import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = (
    "Поля: ліве – 30 мм, праве – 15 мм, верхнє і нижнє – 20 мм.\nШрифт Times New Roman, кегль 14, інтервал 1,5.\n"
    "Обсяг роботи – 30–35 сторінок.\n"
)
FILE = [("rules", ("vymohy.txt", RULES.encode()))]
FORM = {
    "title": "Feedback on student essays",
    "pages": "5",
    "language": "en",
    "citation_style": "apa",
    "norm": "generic",
    "requirements": "My own words.",
}


@pytest_asyncio.fixture(loop_scope="module")
async def writer(browser: Browser) -> Browser:
    await browser.sign_in()
    return browser


async def test_a_documents_rules_are_read_shown_and_taken_over(writer: Browser, house: House):
    made = await writer.send("/documents/new", **FORM)
    address = f"{made.url.path}/requirements"
    assert f'href="{address}"' in made.text
    page = await writer.send(address, files=FILE)
    told = words_on(page)
    assert "The rules of vymohy.txt are kept with the document." in told
    assert "Margins (mm) top 20, right 15, bottom 20, left 30" in told
    assert "Number of pages 30 to 35" in told
    assert "Обсяг роботи – 30–35 сторінок." in told
    assert "My own words." in told
    assert "Formatting norm: DSTU 3008:2015" in told
    assert "Pages: 30" in told
    assert "5 pages" in words_on(await writer.open(made.url.path)), "a setting was changed unasked"
    taken = words_on(await writer.send(f"{address}/take-over", take="pages"))
    assert "1 setting was taken over." in taken
    assert "Pages: 30" not in taken
    assert "Formatting norm: DSTU 3008:2015" in taken
    assert "30 pages" in words_on(await writer.open(made.url.path))


async def test_what_is_not_proposed_is_not_taken_over(writer: Browser):
    made = await writer.send("/documents/new", **FORM)
    told = words_on(await writer.send(f"{made.url.path}/requirements/take-over", take="title"))
    assert "0 settings were taken over." in told


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (None, "Choose at least one file first."),
        ([("rules", ("run.exe", b"MZ program"))], "run.exe was not used: This is a Windows program"),
        ([("rules", ("scan.pdf", b"%PDF-1.7 broken"))], "scan.pdf was not used: This PDF is damaged"),
    ],
)
async def test_a_file_that_cannot_be_read_is_told_with_its_reason(writer: Browser, files, reason):
    made = await writer.send("/documents/new", **FORM)
    assert reason in words_on(await writer.send(f"{made.url.path}/requirements", files=files))


async def test_the_form_reads_rules_before_anything_is_created(writer: Browser):
    before = words_on(await writer.open("/documents"))
    page = await writer.send("/documents/new/rules", files=FILE, **{**FORM, "title": ""})
    assert page.status_code == 200
    told = words_on(page)
    assert "Number of pages 30 to 35" in told
    assert "My own words. Поля: ліве – 30 мм" in told
    assert 'name="pages" value="5"' in page.text, "a field was changed unasked"
    kept = {**FORM, "requirements": f"My own words.\n\n{RULES.strip()}"}
    taken = await writer.send("/documents/new/rules", **kept, take=["pages", "norm"])
    assert 'name="pages" value="30"' in taken.text
    assert '<option value="dstu3008" selected>' in taken.text
    assert "Settings that would keep more of it" not in words_on(taken)
    assert words_on(await writer.open("/documents")) == before


async def test_a_file_that_the_form_cannot_read_is_told_and_what_was_typed_stays(writer: Browser):
    page = await writer.send("/documents/new/rules", files=[("rules", ("run.exe", b"MZ program"))], **FORM)
    assert page.status_code == 400
    assert "run.exe was not used: This is a Windows program" in words_on(page)
    assert "My own words." in page.text


async def test_rules_are_text_and_not_markup(writer: Browser):
    made = await writer.send("/documents/new", **FORM)
    evil = b"<script>alert(1)</script> Use <b>Arial</b>, 12 pt."
    page = await writer.send(f"{made.url.path}/requirements", files=[("rules", ("a.txt", evil))])
    assert "<script>alert" not in page.text
    assert "Arial" in words_on(page)
