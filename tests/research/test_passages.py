"""What can be quoted from a source, and what cannot."""

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tesigo.manuscript import Source
from tesigo.research.passages import cut_passages

LONG = "Teachers who saw the feedback early changed their next lesson more often than the others did."


def passages_of(body: str) -> list[str]:
    source = Source(key="smith2021", csl={"id": "smith2021"}, full_text=body)
    passages = cut_passages(source)
    assert all(body[p.start : p.end] == p.text and p.source_key == "smith2021" for p in passages)
    assert all(one.end <= other.start for one, other in pairwise(passages))
    return [passage.text for passage in passages]


def test_sentences_come_in_reading_order_with_their_exact_places():
    body = f"  {LONG}  Pupils of all ages wrote more when nobody graded the first of their drafts.\n"
    assert passages_of(body) == [
        LONG,
        "Pupils of all ages wrote more when nobody graded the first of their drafts.",
    ]


def test_an_abstract_serves_when_there_is_no_full_text():
    (passage,) = cut_passages(Source(key="a", csl={}, abstract=LONG))
    assert (passage.start, passage.end, passage.text) == (0, len(LONG), LONG)


@pytest.mark.parametrize(
    "sentence",
    [
        "Several kinds of feedback, e.g. Peer review and rubrics, were compared in the same two schools.",
        "The value of p. 17 and the rate of 3.5 percent were read from the register by Dr. Smith himself.",
        "The method of J. R. R. Tolkien was adapted by the U.S. Department of Education for all schools.",
        "Gli studenti del dott. Rossi hanno letto i testi, ecc. con attenzione e senza alcuna fretta mai.",
        "Il metodo descritto a pag. 12 è stato applicato dal prof. Bianchi in tutte le scuole del paese.",
        "У роботі проф. Шевченка описано методи навчання, оцінювання і т. д. для всіх студентів закладу.",
        "За даними м. Києва кількість студентів зросла майже вдвічі за п'ять останніх років.",
        "Accuracy reached 91.4% vs. 88.2% for the older model on the same set of essays and questions.",
    ],
)
def test_a_stop_after_an_abbreviation_initial_or_within_a_number_ends_nothing(sentence):
    assert passages_of(sentence) == [sentence]


def test_an_abbreviation_before_a_word_that_begins_sentences_ends_one():
    body = (
        "The schools bought books, pens, paper, chairs, etc. The teachers of the town kept a diary for years."
    )
    assert passages_of(body) == [
        "The schools bought books, pens, paper, chairs, etc.",
        "The teachers of the town kept a diary for years.",
    ]


@pytest.mark.parametrize(
    "unquotable",
    [
        'Teachers call the early answers of their pupils "drafts" and read them with great care.',
        "Teachers call the early answers of their pupils “drafts” and read them with great care.",
        "Учителі називають перші відповіді своїх учнів «чернетками» і читають їх дуже уважно завжди.",
        "The loss falls with $n^2$ when the number of pupils in one class grows without any end.",
        "The loss falls with n^2^ when the number of pupils in one class grows without any end.",
        "The *first* draft of every pupil was read by two of the teachers in the same week.",
        "The first draft of every pupil was read by two of the teachers in the same week [12].",
        "The first draft of every pupil was read by two of the teachers (Smith, 2020; Jones, 2019a).",
        "The first draft of every pupil was read by two of the teachers in the same week (12, 13).",
        "The first draft of every pupil was read by two of the teachers as Smith et al. have shown before.",
        "The first draft of every pupil was read by two of the teachers (see the map of all schools).",
        "The first draft of every pupil, as Fig. 2 shows, was read by two of the teachers in the same week.",
        "The code and the drafts of all pupils are at https://example.org for everyone to read.",
        "Write to anna@example.org for the drafts of all the pupils that took part in our study.",
        "Too short to be quoted at all.",
        "the first draft of every pupil was read by two of the teachers in the same week.",
        "The first draft of every pupil was read by two of the teachers in the same week",
        "The first draft of every pupil (as a rule was read by two of the teachers in the same week.",
        "The first draft of every pupil was read by two\u200b of the teachers in the same week.",
        "The first draft of every pupil was read -- and graded -- by two of the teachers in the same week.",
        "THE FIRST DRAFT OF EVERY PUPIL WAS READ BY TWO OF THE TEACHERS IN THE SAME WEEK.",
        "Read " + "and read again " * 20 + "until the last of the drafts has been read by all.",
    ],
)
def test_what_cannot_stand_in_quotation_marks_is_left_out(unquotable):
    assert passages_of(f"{unquotable}\n\n{LONG}") == [LONG]


@pytest.mark.parametrize(
    ("labelled", "kept"),
    [
        (f"Introduction: {LONG}", LONG),
        (f"CONTEXT {LONG}", LONG),
        (f"METHODS AND FINDINGS: {LONG}", LONG),
        (f"Purpose The {LONG[0].lower()}{LONG[1:]}", f"The {LONG[0].lower()}{LONG[1:]}"),
        (f"Conclusions/Significance: {LONG}", LONG),
        (
            "Мета: Дослідити вплив зворотного зв'язку на якість письмових робіт студентів першого курсу.",
            "Дослідити вплив зворотного зв'язку на якість письмових робіт студентів першого курсу.",
        ),
        (
            "Obiettivo: Valutare gli effetti del riscontro sulla qualità dei testi degli studenti.",
            "Valutare gli effetti del riscontro sulla qualità dei testi degli studenti.",
        ),
    ],
)
def test_the_label_of_a_structured_abstract_is_cut_off(labelled, kept):
    assert passages_of(labelled) == [kept]


@pytest.mark.parametrize(
    "leaning",
    [
        "However, the pupils who wrote by hand did not profit from the second reading at all.",
        "These results hold for all of the schools in the two towns that took part.",
        "To solve this problem, the teachers of both towns wrote a common guide for all.",
        "It changes what teachers read first and what they leave for the next day.",
        "Questo risultato vale per tutte le scuole delle due città che hanno partecipato allo studio.",
        "Tuttavia gli studenti che scrivevano a mano non hanno tratto alcun beneficio dalla seconda lettura.",
        "Проте студенти, які писали від руки, не отримали жодної користі від другого читання роботи.",
        "Вони змінюють те, що читають учителі спочатку і що залишають на наступний день.",
    ],
)
def test_a_sentence_that_leans_on_the_one_before_it_comes_with_it_or_not_at_all(leaning):
    assert passages_of(f"{LONG} {leaning}") == [f"{LONG} {leaning}"]
    assert passages_of(leaning) == []
    assert passages_of(f"{LONG}\n\n{leaning}") == [LONG]
    assert passages_of(f"{LONG} {leaning} {leaning}") == [f"{LONG} {leaning}"]


@pytest.mark.parametrize(
    "standing",
    [
        "This paper presents a corpus of essays with the feedback that their authors were given.",
        "In this study, the essays of two hundred pupils were read by four of their teachers.",
        "Our method reads the essays of two hundred pupils in less time than one teacher.",
        "Машинне навчання — це галузь інформатики, яка вивчає побудову моделей за прикладами даних.",
        "In questo lavoro presentiamo un corpus di testi con il riscontro ricevuto dai loro autori.",
        "У цій статті подано корпус творів разом із відгуками, які отримали їхні автори від учителів.",
        "926 patients were included in the first of the two trials in the same hospital.",
    ],
)
def test_a_sentence_about_the_work_itself_stands_alone(standing):
    assert passages_of(f"{LONG} {standing}") == [LONG, standing]


def test_two_sentences_never_become_longer_than_a_passage_may_be():
    long = "Teachers read " + "and read again " * 12 + "until the evening."
    leaning = "However, the pupils " + "of the first and of the second year " * 3 + "did not profit from it."
    assert passages_of(f"{long} {leaning}") == [long]


MARKDOWN = """---
title: A heading that must not be quoted because it is metadata of the file itself.
---
# The title of the paper is a sentence that has more than eight words.

Teachers who saw the feedback early changed their next lesson more often than the others did.

Another heading that is underlined and has more than eight words in it.
=======

```python
# Comments in code may look like sentences with a capital letter and a full stop.
text = read()
The code may hold a whole sentence that somebody forgot to delete from the file.
```

| Cells of a table may hold whole sentences that are long enough to be quoted. |
|---|

> Somebody else said a sentence that is long enough to be quoted by this author.

**Figure 1** The drafts of all pupils by age. Bars show the error of the mean over all of the schools.

- Items of a list may hold whole sentences that are long enough to be quoted.
- short item

## References

Smith wrote a book about schools that has a title of more than eight words.

## Appendix

The appendix goes on after the references and may be quoted like any other part.
"""


def test_only_prose_is_quoted_from_markdown():
    assert passages_of(MARKDOWN) == [
        LONG,
        "Items of a list may hold whole sentences that are long enough to be quoted.",
        "The appendix goes on after the references and may be quoted like any other part.",
    ]


def test_the_list_of_references_ends_a_plain_text():
    cited = "Smith wrote a book about schools in all of the towns."
    body = f"References\n\n{LONG}\n\nСписок використаних джерел\n\n{cited}"
    assert passages_of(body) == [LONG]


def test_a_wrapped_sentence_keeps_its_line_breaks():
    wrapped = LONG.replace(" more often", "\nmore often")
    assert passages_of(wrapped) == [wrapped]


def test_the_same_text_always_gives_the_same_passages():
    assert passages_of(MARKDOWN * 3) == passages_of(MARKDOWN * 3)


@pytest.mark.parametrize(
    "attack",
    ["." * 200_000 + "x", "# " + "#" * 200_000 + "x", "(" * 200_000, "- " * 100_000, "A" + " " * 200_000],
)
def test_no_text_takes_long(attack):
    started = time.process_time()
    passages_of(attack)
    assert time.process_time() - started < 1


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="Aa. \n#-*`'\"()[]|$1іЯ!?:;,~=>", max_size=300))
def test_any_text_gives_exact_and_separate_spans(body):
    passages_of(body)


def test_real_abstracts_give_passages_quickly(shared_data: Path):
    lines = (shared_data / "corpus/acl_naacl2024_bea_tacl2023.csl.jsonl").read_text("utf-8").splitlines()
    sources = [Source(key="a", csl={}, abstract=json.loads(line)["abstract"]) for line in lines]
    started = time.process_time()
    cut = [cut_passages(source) for source in sources]
    assert time.process_time() - started < 2
    assert sum(map(len, cut)) > 3 * len(sources)
    assert sum(not passages for passages in cut) < len(sources) / 20


def test_real_full_texts_give_passages_that_are_in_them(shared_data: Path):
    for file in sorted((shared_data / "corpus/fulltext/md").glob("*.md")):
        body = file.read_text("utf-8")
        found = passages_of(body)
        assert found, file.name
        assert not [text for text in found if "|" in text or "doi:" in text]
