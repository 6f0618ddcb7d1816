"""References as programs really write them: every dialect gives the same record, what is broken is named by line."""

from typing import Any

import pytest

from tesigo.intake.endnote import split_endnote
from tesigo.intake.errors import BrokenFile, DangerousFile, UnsupportedFile
from tesigo.intake.reading import read_sources
from tesigo.manuscript import Source


def read(name: str, text: str) -> tuple[Source, ...]:
    return read_sources(name, text.encode(), taken=()).sources


def ris(*lines: str, kind: str = "JOUR") -> dict[str, Any]:
    (source,) = read("refs.ris", "\n".join([f"TY  - {kind}", "TI  - Bees", *lines, "ER  - ", ""]))
    return dict(source.csl)


@pytest.mark.parametrize(
    ("lines", "field", "expected"),
    [
        (["DO  - doi:10.1000/xyz"], "DOI", "10.1000/xyz"),
        (["DO  - https://doi.org/10.1000/xyz"], "DOI", "10.1000/xyz"),
        (["M3  - doi: 10.1000/xyz"], "DOI", "10.1000/xyz"),
        (["N1  - doi:10.1000/xyz"], "DOI", "10.1000/xyz"),
        (["UR  - https://doi.org/10.1000/xyz"], "DOI", "10.1000/xyz"),
        (["N1  - Cited by 10.1000/xyz and others"], "DOI", None),
        (["UR  - http://a.b/c; http://d.e/f"], "URL", "http://a.b/c"),
        (["UR  - http://a.b/c", "http://d.e/f"], "URL", "http://a.b/c"),
        (["KW  - bees", "flowers", "KW  - bees"], "keyword", "bees, flowers"),
        (["PY  - 2005", "Y1  - 2005/07/15"], "issued", {"date-parts": [[2005, 7, 15]]}),
        (["PY  - 2005///"], "issued", {"date-parts": [[2005]]}),
        (["PY  - 99", "DA  - 2001/00/00"], "issued", {"date-parts": [[2001]]}),
        (["SP  - 12", "EP  - 19"], "page", "12-19"),
        (["SP  - 12-19"], "page", "12-19"),
        (["SP  - 034708"], "page", "034708"),
        (["JO  - J. Bees"], "container-title", "J. Bees"),
        (["T2  - Journal of Bees", "JO  - J. Bees"], "container-title-short", "J. Bees"),
        (["T2  - J Bees", "JO  - Journal of bees"], "container-title", "Journal of bees"),
        (["SN  - 0021-9606"], "ISSN", "0021-9606"),
        (["LA  - eng"], "language", "en"),
        (["ET  - 2015/05/21"], "edition", None),
        (["AU  - World Health Organization,"], "author", [{"literal": "World Health Organization"}]),
        (["AU  - Catarina Barata"], "author", [{"family": "Barata", "given": "Catarina"}]),
        (["A1  - King, Martin, Jr."], "author", [{"family": "King", "given": "Martin", "suffix": "Jr."}]),
        (["AB  - It hums", "and flies."], None, "It hums and flies."),
        (["N2  - It hums."], None, "It hums."),
    ],
)
def test_ris_of_many_programs_gives_the_field(lines: list[str], field: str | None, expected: Any):
    if field is None:
        (source,) = read("refs.ris", "\n".join(["TY  - JOUR", "TI  - Bees", *lines, "ER  - "]))
        assert source.abstract == expected
    else:
        assert ris(*lines).get(field) == expected


def test_a_chapter_has_its_book_its_editors_and_an_isbn():
    csl = ris("T2  - Insects", "T3  - Animals", "A2  - Rossi, Anna", "SN  - 978-1-4822-5326-9", kind="CHAP")
    assert (csl["type"], csl["container-title"], csl["collection-title"]) == ("chapter", "Insects", "Animals")
    assert (csl["editor"], csl["ISBN"]) == ([{"family": "Rossi", "given": "Anna"}], "978-1-4822-5326-9")


def test_proceedings_and_their_conference_are_told_apart():
    csl = ris("T2  - BeeConf 2020", "C3  - Proceedings of BeeConf", kind="CPAPER")
    assert (csl["container-title"], csl["event-title"]) == ("Proceedings of BeeConf", "BeeConf 2020")


def test_a_broken_ris_record_is_named_with_its_line_and_the_others_are_taken():
    text = "TY  - JOUR\nAU  - Nobody\nER  - \n\nTY  - JOUR\nTI  - Bees\nER  - \n"
    reading = read_sources("refs.ris", text.encode(), taken=())
    assert [source.title for source in reading.sources] == ["Bees"]
    assert reading.warnings == ("The entry at line 1 is left out: it has no title.",)


ENDNOTE = """<?xml version="1.0" encoding="UTF-8"?>
<xml><records><record><rec-number>7</rec-number><ref-type name="Journal Article">17</ref-type>
<contributors><authors><author><style face="normal">Rossi, Anna</style></author>
<author>World Health Organization,</author></authors></contributors>
<titles><title><style>Bees &amp; </style><style face="italic">Apis</style></title>
<secondary-title>Nature</secondary-title></titles>
<periodical><full-title>Nature</full-title></periodical><pages>1-9</pages><volume>3</volume><number>2</number>
<dates><year>2020</year><pub-dates><date>May 5</date></pub-dates></dates><isbn>1234-5678</isbn>
<electronic-resource-num>https://doi.org/10.1000/xyz</electronic-resource-num><abstract>They hum.</abstract>
<keywords><keyword>bees</keyword><keyword>hum</keyword></keywords>
<urls><related-urls><url>http://x.y/z</url></related-urls></urls><language>English</language></record>
<record><ref-type>6</ref-type><contributors/></record></records></xml>
"""


def test_endnote_xml_gives_every_field_and_names_what_has_no_title():
    reading = read_sources("library.xml", ENDNOTE.encode(), taken=())
    (source,) = reading.sources
    assert source.abstract == "They hum."
    assert dict(source.csl) == {
        "id": "rossi2020",
        "type": "article-journal",
        "title": "Bees & Apis",
        "author": [{"family": "Rossi", "given": "Anna"}, {"literal": "World Health Organization"}],
        "container-title": "Nature",
        "volume": "3",
        "issue": "2",
        "page": "1-9",
        "issued": {"date-parts": [[2020, 5, 5]]},
        "ISSN": "1234-5678",
        "DOI": "10.1000/xyz",
        "URL": "http://x.y/z",
        "keyword": "bees, hum",
        "language": "en",
        "custom": {"file_id": "7"},
    }
    assert reading.warnings == ("The entry at line 12 is left out: it has no title.",)


def test_broken_endnote_xml_is_named_with_its_line():
    with pytest.raises(BrokenFile, match="damaged at line 6"):
        read("library.xml", ENDNOTE.replace("</title>", "", 1))


@pytest.mark.parametrize("entity", ['<!ENTITY a SYSTEM "file:///etc/passwd">', '<!ENTITY a "aaaaaaaaaa">'])
def test_endnote_xml_with_entities_is_not_opened(entity: str):
    text = ENDNOTE.replace("<xml>", f"<!DOCTYPE xml [{entity}]><xml>").replace("They hum.", "&a;")
    with pytest.raises(DangerousFile):
        split_endnote(text)
    with pytest.raises((DangerousFile, UnsupportedFile)):
        read("library.xml", text)


def test_other_xml_is_refused():
    with pytest.raises(UnsupportedFile, match="XML"):
        read("a.xml", '<?xml version="1.0"?><library><book/></library>')


BIB = r"""@string{nat = "Nature"}
@article{a, title = {B{\"u}cher \& \v{S}koda {\ss} {\"\i}}, journal = nat, year = 2020, author = {Ros, A. and others}}
@comment{not this}
@incollection{c, crossref = {b}, title = {Chapter}, author = {Z, Y}}
@book{b, title = {Whole}, booktitle = {Whole}, editor = {E, F}, publisher = {P}, year = 1999}
@book{x, title = {Never closed, year = 2000}
@online{o, title = {Site}, date = {2020-05-06}, urldate = {2021-01-02}, url = {http://a.b}, language = {italian}}
@article{d, title = {Two}, doi = {https://doi.org/10.1000/xyz}, abstract = {One.

Two.}}
"""


def test_bibtex_and_biblatex_are_read_and_a_broken_entry_is_named_with_its_line():
    reading = read_sources("refs.bib", BIB.encode(), taken=())
    found = {source.csl["custom"]["file_id"]: source for source in reading.sources}
    assert found["a"].title == "Bücher & Škoda ß ï"
    assert found["a"].csl["author"] == [{"family": "Ros", "given": "A."}], "others are no author"
    assert found["a"].csl["container-title"] == "Nature"
    assert (found["c"].csl["container-title"], found["c"].csl["publisher"]) == ("Whole", "P")
    assert found["o"].csl["issued"] == {"date-parts": [[2020, 5, 6]]}
    assert (found["o"].csl["type"], found["o"].csl["language"]) == ("webpage", "it")
    assert (found["d"].csl["DOI"], found["d"].abstract) == ("10.1000/xyz", "One. Two.")
    assert reading.warnings == ("Entry x (line 6) is left out: its braces do not close.",)
