"""A university's rules as a file of a document: read, kept, understood, and nothing set by them unasked."""

import pytest
from tests.intake.test_archives import make_zip
from tests.pdfs import make_pdf

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULES = (
    "Use A4 paper. The text must be set in Times New Roman, 12 pt.\nLine spacing: 1.5\n"
    "At least 20 sources must be cited.\n"
)


async def bring(me, document_id: int, content: bytes, name: str = "rules.txt"):
    return await me.ask("POST", f"/documents/{document_id}/requirements", files={"file": (name, content)})


async def test_the_text_is_kept_and_what_it_asks_is_told_with_its_sentence(me):
    document_id = await me.create()
    before = (await me.ask("GET", f"/documents/{document_id}")).json()
    answer = await bring(me, document_id, RULES.encode())
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["text"], told["pages"], told["characters"]) == (RULES, 1, len(RULES))
    facts = {fact["fact"]: fact for fact in told["understood"]}
    assert {name: fact["value"] for name, fact in facts.items()} == {
        "paper": "A4",
        "fonts": ["Times New Roman"],
        "size_pt": 12,
        "line_spacing": 1.5,
        "sources": {"least": 20},
    }
    spacing = facts["line_spacing"]
    assert RULES[spacing["start"] : spacing["end"]].strip() == spacing["sentence"] == "Line spacing: 1.5"
    after = (await me.ask("GET", f"/documents/{document_id}")).json()
    assert after["requirements"] == RULES.strip()
    changed = {field for field in after if after[field] != before[field]}
    assert changed == {"requirements", "updated_at"}


@pytest.mark.parametrize(
    ("name", "pages"),
    [("en_tilburg_formatting.pdf", 1), ("it_unibo_bilab_guida.docx", 6), ("uk_nure_dstu3008_style.typ", 3)],
)
async def test_pdf_word_and_text_are_read(me, shared_data, name, pages):
    document_id = await me.create()
    answer = await bring(me, document_id, (shared_data / "requirements" / "files" / name).read_bytes(), name)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["pages"] == pages
    assert {"fonts", "size_pt"} <= {fact["fact"] for fact in told["understood"]}
    assert (await me.ask("GET", f"/documents/{document_id}")).json()["requirements"] == told["text"].strip()


async def test_what_was_typed_stays_and_the_same_file_is_kept_once(me):
    document_id = await me.create(requirements="My supervisor wants two chapters.")
    for _ in range(2):
        assert (await bring(me, document_id, RULES.encode())).status_code == 200
    kept = (await me.ask("GET", f"/documents/{document_id}")).json()["requirements"]
    assert kept == f"My supervisor wants two chapters.\n\n{RULES.strip()}"


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("rules.exe", b"MZ\x90\x00 program", 415, "unsupported_file"),
        ("refs.bib", b"@book{a, title={B}}", 415, "unsupported_file"),
        ("rules.pdf", b"only text", 415, "mismatched_name"),
        ("rules.pdf", b"%PDF-1.7 broken", 422, "broken_file"),
        (
            "rules.pdf",
            make_pdf("Margins: 30 mm.") + make_zip({"word/document.xml": b"<w/>"}),
            422,
            "dangerous_file",
        ),
        ("rules.txt", b"  \n", 422, "no_text"),
        ("rules.txt", b"a" * (1 << 20) + b"b", 413, "too_large"),
        ("rules.txt", b"long rule. " * 10_000, 413, "requirements_too_long"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_a_sentence_and_changes_nothing(
    me, name, content, status, code
):
    document_id = await me.create()
    answer = await bring(me, document_id, content, name)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["detail"].endswith(".")
    assert (await me.ask("GET", f"/documents/{document_id}")).json()["requirements"] is None


async def test_a_request_without_a_file_is_refused(me):
    document_id = await me.create()
    path = f"/documents/{document_id}/requirements"
    for sent in (
        {"json": {"text": RULES}},
        {"files": {"other": ("rules.txt", RULES)}},
        {"data": {"file": RULES}},
    ):
        answer = await me.ask("POST", path, **sent)
        assert (answer.status_code, answer.json()["code"]) == (422, "no_file"), answer.text


async def test_a_document_of_somebody_else_is_not_there(me, other):
    document_id = await other.create()
    answer = await bring(me, document_id, RULES.encode())
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
