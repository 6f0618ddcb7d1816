"""Real files: what is whole gives sources, what is not is refused in a sentence, nothing hangs or breaks."""

import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tesigo.intake.errors import BrokenFile, NoText
from tesigo.intake.reading import Reading, read_sources
from tesigo.kit.errors import Failure, Invalid


def attempt(file: Path) -> Reading | Failure:
    outcome: Reading | Failure
    started = time.monotonic()
    try:
        outcome = read_sources(file.name, file.read_bytes(), taken=())
    except Failure as failure:
        outcome = failure
    assert time.monotonic() - started < 10
    if isinstance(outcome, Failure):
        assert isinstance(outcome, Invalid)
        assert re.fullmatch(r"This .{20,}\.|The name .{20,}\.", outcome.message)
        assert "/" not in outcome.message
    return outcome


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("derived__uk_cp1251.txt", "Розуміння вашого UI"),
        ("derived__uk_utf16le_bom.txt", "Розуміння вашого UI"),
        ("chardet__KOI8-R__ude_1.txt", "В гимназии он не был"),
        ("chardet__iso-8859-1__ude_1.txt", "acha-se tão bem"),
        ("jawah__sample-korean.txt", "역사적 예수"),
        ("derived__it_tech.pdf", "React può cambiare il modo in cui pensi"),
        ("derived__uk_tech.pdf", "Змінні стану можуть"),
        ("derived__it_tech.docx", "React può cambiare il modo in cui pensi"),
        ("jgm__metadata.docx", "skipped lines here"),
    ],
)
def test_the_words_of_real_files_come_out_right(shared_data: Path, name, words):
    outcome = attempt(shared_data / "uploads" / "files" / name)
    assert isinstance(outcome, Reading)
    assert words in outcome.sources[0].full_text


def test_every_reference_file_gives_records(shared_data: Path):
    outcomes = {
        file.name: attempt(file) for file in sorted((shared_data / "reference_files" / "files").iterdir())
    }
    counts = {name: len(o.sources) if isinstance(o, Reading) else str(o) for name, o in outcomes.items()}
    assert counts == {
        "JabRef__BibtexImporter.examples.bib": 2,
        "JabRef__CitaviXmlImporterTest4.bib": 1,
        "JabRef__NbibImporterTest.nbib": 1,
        "JabRef__RisImporterTest1.ris": 1,
        "JabRef__RisImporterTest3.ris": 1,
        "JabRef__RisImporterTest5a.ris": 1,
        "JabRef__RisImporterTest8_date.ris": 1,
        "JabRef__encoding-header.bib": 1,
        "JabRef__test.bib": 19,
        "Tirocigno__biblio.bib": 59,
        "apache__testBIBTEX.bib": 1,
        "asreview__schoot-lgmm-ptsd-included-3.ris": 8,
    }


def test_the_corpora_are_read_whole(shared_data: Path):
    corpus = shared_data / "corpus"
    names = {
        "acl_naacl2024_bea_tacl2023.csl.jsonl": 882,
        "acl_naacl2024_bea_tacl2023_100.bib": 100,
        "acl_naacl2024_bea_tacl2023_25.ris": 25,
    }
    for name, count in names.items():
        outcome = attempt(corpus / name)
        assert isinstance(outcome, Reading)
        assert (len(outcome.sources), outcome.warnings) == (count, ())
        assert all(source.abstract for source in outcome.sources)
        assert len({source.key for source in outcome.sources}) == count


def mutated(data: bytes, seed: int) -> bytes:
    """Return the bytes with a few of them changed, cut out, doubled, or the end lost."""
    rng = random.Random(seed)
    changed = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        place = rng.randrange(len(changed) or 1)
        match rng.randrange(5):
            case 0 if changed:
                changed[place] = rng.randrange(256)
            case 1:
                del changed[place : place + rng.randint(1, 200)]
            case 2:
                changed[place:place] = changed[place : place + rng.randint(1, 200)]
            case 3:
                changed[place:place] = rng.randbytes(rng.randint(1, 30))
            case _:
                del changed[rng.randint(place, len(changed)) :]
    return bytes(changed)


MUTATED = [
    "uploads/files/derived__it_tech.pdf",
    "uploads/files/derived__it_tech.docx",
    "uploads/files/jgm__notes.docx",
    "uploads/files/mozilla__rotation.pdf",
    "uploads/files/derived__uk_cp1251.txt",
    "reference_files/files/JabRef__test.bib",
    "reference_files/files/JabRef__RisImporterTest5a.ris",
    "reference_files/files/JabRef__NbibImporterTest.nbib",
    "corpus/fulltext/metadata.csl.jsonl",
    "corpus/fulltext/md/jose-00090.md",
]


@pytest.mark.parametrize("name", MUTATED)
def test_a_mutated_file_is_read_or_refused_and_nothing_else(shared_data: Path, name):
    file = shared_data / name
    data = file.read_bytes()
    for seed in range(8):
        try:
            reading = read_sources(file.name, mutated(data, seed), taken=())
        except Failure:
            continue
        assert reading.sources


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["a.json", "a.txt", "a.md", "a"]),
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(str.encode),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=10),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["title", "author", "issued", "date-parts", "id", "type"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda value: repr(value).replace("'", '"').encode()),
    ),
)
def test_any_bytes_are_read_or_refused(name, data):
    try:
        reading = read_sources(name, data, taken=())
    except Failure:
        return
    assert reading.sources


def test_a_truncated_pdf_is_refused(shared_data: Path):
    data = (shared_data / "uploads/files/derived__it_tech.pdf").read_bytes()
    with pytest.raises((BrokenFile, NoText)):
        read_sources("x.pdf", data[:200], taken=())
