"""Lists of references become records; a broken one costs only itself."""

import json
import time

import pytest

from tesigo.intake.errors import BrokenFile, FileTooLarge, UnsupportedFile
from tesigo.intake.reading import Reading, read_sources
from tesigo.intake.references import MOST_RECORDS
from tesigo.kit.errors import Failure

BEES = {
    "id": "x1",
    "type": "article-journal",
    "title": "Bees",
    "author": [{"family": "Rossi", "given": "Anna"}],
    "issued": {"date-parts": [[2020, 5]]},
    "abstract": "Bees find $n^2$ flowers.",
}


def read(name: str, text: str) -> Reading:
    return read_sources(name, text.encode(), taken=())


def read_csl(*records: object) -> Reading:
    return read("refs.json", json.dumps(list(records)))


def test_the_abstract_leaves_the_record_and_keeps_its_formulas():
    (source,) = read_csl(BEES).sources
    assert source.abstract == "Bees find $n^2$ flowers."
    assert "abstract" not in source.csl
    assert (source.key, source.csl["id"], source.csl["custom"]["file_id"]) == ("rossi2020", "rossi2020", "x1")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([BEES, BEES]),
        json.dumps({"items": [BEES, BEES]}),
        json.dumps({"references": [BEES, BEES]}),
        f"{json.dumps(BEES)}\n\n{json.dumps(BEES)}\n",
    ],
)
def test_an_array_a_wrapped_array_and_lines_are_read(text):
    assert [source.key for source in read("refs.txt", text).sources] == ["rossi2020", "rossi2020b"]


def test_one_object_is_one_record():
    assert len(read("refs.json", json.dumps(BEES, indent=2)).sources) == 1


def test_keys_avoid_those_that_are_taken():
    reading = read_sources("r.json", json.dumps([BEES]).encode(), taken={"rossi2020"})
    assert reading.sources[0].key == "rossi2020b"


def test_a_broken_record_is_named_and_the_others_are_kept():
    reading = read_csl(BEES, {"id": "bad7", "type": "book"}, "nonsense", BEES)
    assert len(reading.sources) == 2
    assert reading.warnings == (
        "Record 2 (bad7) is left out: it has no title.",
        "Record 3 is left out: it is not an object.",
    )


def test_a_broken_line_is_named_and_the_others_are_kept():
    reading = read("refs.jsonl", f'{json.dumps(BEES)}\n{{"title": "cut of\n{json.dumps(BEES)}\n')
    assert len(reading.sources) == 2
    assert reading.warnings == ("Line 2 is left out: it is not valid JSON.",)


def test_fields_of_wrong_types_are_left_out_or_mended():
    (source,) = read_csl(
        {
            "title": "A <i>fine</i> title &amp; more\ud800\x00",
            "type": "nonsense",
            "author": ["Rossi, Anna", "Plato", {"family": 7}, {"x": "y"}, None],
            "issued": {"date-parts": [["2020", "13"]]},
            "volume": 3,
            "DOI": {"a": 1},
            "unknown": "field",
        }
    ).sources
    assert source.csl == {
        "id": "rossi2020",
        "type": "document",
        "title": "A fine title & more",
        "author": [{"family": "Rossi", "given": "Anna"}, {"literal": "Plato"}, {"family": "7"}],
        "issued": {"date-parts": [[2020]]},
        "volume": "3",
    }


@pytest.mark.parametrize(
    "issued", ["2019-05-01", {"raw": "May 2019"}, {"literal": "2019"}, {"date-parts": [[2019]]}]
)
def test_a_year_is_found_however_it_is_written(issued):
    assert read_csl({"title": "T", "issued": issued}).sources[0].year == 2019


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ('{"name": "package", "version": "1"}', UnsupportedFile, "no CSL records"),
        ("[1, 2, 3]", UnsupportedFile, "no CSL records"),
        ("[]", UnsupportedFile, "no CSL records"),
        ('[{"title": "cut', BrokenFile, "line 1, column 12"),
        ("[" * 200_000, BrokenFile, "damaged"),
        ('[{"title": NaN}]', BrokenFile, "damaged"),
        ('[{"title": ""}]', BrokenFile, "no usable record"),
    ],
)
def test_json_without_records_is_refused_with_the_reason(text, kind, says):
    with pytest.raises(kind, match=says):
        read("refs.json", text)


def test_too_many_records_are_refused():
    with pytest.raises(FileTooLarge, match="20,000"):
        read("refs.jsonl", '{"title": "T"}\n' * (MOST_RECORDS + 1))


BIBTEX = """% Encoding: UTF-8
@string{jb = "Journal of Bees"}
@comment{nothing}
@article{same, title = {First {Bees} in Trentino of \\'Italia}, author = {Rossi, Anna and Bianchi, Luca},
  year = 2020, journal = jb, abstract = {Bees \\emph{find} flowers in 5\\% of $n^2$ cases.}}
@book{same, title = {Second}, year = {2021}}
@inbook{child, title = {Child}, crossref = {parent}}
@book{parent, title = {Parent}, year = 2019, publisher = {House}}
"""


def test_bibtex_is_read_with_its_abbreviations_abstracts_and_equal_keys():
    first, second, child, parent = read("refs.bib", BIBTEX).sources
    assert first.title == "First Bees in Trentino of Ítalia"
    assert first.csl["container-title"] == "Journal of Bees"
    assert first.author_names == ("Rossi", "Bianchi")
    assert first.abstract == "Bees find flowers in 5% of $n^2$ cases."
    assert (second.title, second.csl["custom"]["file_id"]) == ("Second", "same")
    assert (child.title, child.csl.get("publisher"), parent.title) == ("Child", "House", "Parent")


def test_a_broken_bibtex_entry_costs_only_itself():
    entries = [f"@book{{k{n}, title = {{Title {n}}}, year = 20{n:02d}}}" for n in range(20)]
    entries[7] = "@book{k7, title = {Title 7}}, year = 2007}}} %"
    entries[12] = "@book{k12, title = {Title 12, year = 2012}"
    entries[15] = "@book{k15, title = = {Title}, , year 2015}"
    reading = read("refs.bib", "\n\n".join(entries))
    titles = {source.title for source in reading.sources}
    assert titles >= {f"Title {n}" for n in range(20) if n not in (7, 12, 15)}
    assert any(
        "k12 (line 25) is left out: its braces do not close" in warning for warning in reading.warnings
    )
    assert any("k15 (line 31) is left out" in warning for warning in reading.warnings)


def test_bibtex_reads_no_file_of_ours(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret word")
    reading = read(
        "refs.bib", f"@book{{k, title = {{A \\input{{{secret}}} B \\include{{{secret}}}}}, year = 2020}}"
    )
    assert "secret word" not in str(reading)


RIS = """Provider: Somebody
TY  - JOUR
TI  - Bees and flowers
AU  - Rossi, Anna
PY  - 2020/05/01/
N2  - Bees find flowers
by their smell.
ID  - same
ER  -
TY  - BOOK
ID  - same
T1  - Eggs
A1  - Bianchi, Luca
Y1  - 2019///
AB  - The better abstract.
N2  - The other abstract.
TY  - NONSENSE
TI  - Third
ER  -
"""


def test_ris_is_read_with_abstracts_loose_lines_equal_ids_and_missing_ends():
    first, second, third = read("refs.ris", RIS).sources
    assert (first.key, first.title, first.abstract) == (
        "rossi2020",
        "Bees and flowers",
        "Bees find flowers by their smell.",
    )
    assert (second.key, second.abstract, second.csl["type"]) == (
        "bianchi2019",
        "The better abstract.",
        "book",
    )
    assert third.title == "Third"


def test_ris_with_windows_newlines_and_a_mark_is_read():
    data = b"\xef\xbb\xbf" + RIS.replace("\n", "\r\n").encode()
    assert len(read_sources("refs.ris", data, taken=()).sources) == 3


MEDLINE = """PMID- 1
TI  - Bees and their
      flowers.
FAU - Rossi, Anna
AU  - Rossi A
DP  - 2020 May
JT  - Journal of bees
AID - 10.1000/bees [doi]
AB  - Bees find flowers.

PMID- 2
TI  - Eggs.
DP  - 2019
"""


def test_pubmed_records_are_read():
    first, second = read("refs.nbib", MEDLINE).sources
    assert (first.key, first.title, first.abstract) == (
        "rossi2020",
        "Bees and their flowers.",
        "Bees find flowers.",
    )
    assert (first.csl["DOI"], second.year) == ("10.1000/bees", 2019)


@pytest.mark.parametrize(
    "text", ["@article{x,", "TY  - JOUR\nER  -\n", "@misc{a}", "PMID- 1\n", "@book{" * 2_000]
)
def test_a_list_without_a_usable_record_is_refused(text):
    with pytest.raises(Failure):
        read("refs.bib", text)


@pytest.mark.parametrize(
    "attack",
    [
        "@a{\n" * 100_000,
        "@a{" + " " * 500_000,
        "@a{x, crossref = {" + " " * 500_000,
        "@a{" + "{" * 500_000,
        "@a{x, " + "title = {" * 50_000,
        "TY  - JOUR\n" + "a\n" * 300_000,
        "TY  - JOUR\n" * 100_000,
        "PMID- 1\n" + "      a\n" * 100_000,
    ],
)
def test_no_list_takes_long_to_take_apart(attack):
    started = time.process_time()
    with pytest.raises(Failure):
        read("refs.bib", attack)
    assert time.process_time() - started < 10, "it grows faster than the list"
