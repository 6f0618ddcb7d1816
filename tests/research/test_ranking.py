"""Texts in the order in which they answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tesigo.research.ranking import TextIndex

TEXTS = [
    "Bees find flowers by their smell and by their colour.",
    "Teachers grade essays; automatic grading of essays saves time.",
    "Grading of eggs in the food industry.",
    "Галузь бджільництва: бджоли знаходять квіти за запахом.",
    "",
]


def test_the_text_that_holds_more_of_the_query_scores_higher():
    scores = TextIndex(TEXTS).scores("automatic essay grading")
    assert scores.argmax() == 1
    assert scores[2] > scores[0] == 0


def test_other_forms_of_a_word_match():
    assert TextIndex(TEXTS).scores("bee flower")[0] > 0
    assert TextIndex(TEXTS, "uk").scores("квітами і бджолами")[3] > 0


@pytest.mark.parametrize("query", ["", "   ", "the of and", "quantum chromodynamics", "?!"])
def test_nothing_asked_or_nothing_found_is_zero_for_every_text(query):
    assert TextIndex(TEXTS).scores(query).tolist() == [0] * len(TEXTS)


@pytest.mark.parametrize("texts", [[], [""], ["the of"]])
def test_texts_without_words_can_be_asked(texts):
    index = TextIndex(texts)
    assert index.scores("bees").tolist() == [0] * len(texts)
    assert index.centrality().tolist() == [0] * len(texts)


def test_equal_texts_score_equally():
    scores = TextIndex(["Bees and flowers."] * 3 + ["Eggs."]).scores("bees")
    assert len(set(scores[:3].tolist())) == 1


def test_the_text_nearest_to_the_others_is_the_most_central():
    texts = ["bees flowers honey", "bees flowers smell", "flowers bees colour", "stocks bonds shares"]
    centrality = TextIndex(texts).centrality()
    assert centrality.argmin() == 3
    assert ((centrality > 0) & (centrality <= 1 + 1e-9)).all()


def test_scores_do_not_depend_on_how_the_process_hashes_words():
    program = (
        "from tesigo.research.ranking import TextIndex\n"
        f"index = TextIndex({TEXTS!r})\n"
        "print(index.scores('essay grading time bees smell').tolist(), index.centrality().tolist())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_it_finds_what_people_clicked_on_as_well_as_measured(shared_data: Path):
    folder = shared_data / "retrieval" / "s2_search_clicks"
    records = [json.loads(line) for line in (folder / "corpus.csl.jsonl").read_text("utf-8").splitlines()]
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    clicked = {tuple(line.split("\t")[:2]) for line in (folder / "qrels.tsv").read_text().splitlines()[1:]}
    index = TextIndex([" ".join([record["title"]] * 4 + [record.get("abstract", "")]) for record in records])
    reciprocal = 0.0
    for query in queries:
        best = np.argsort(-index.scores(query["text"]), kind="stable")[:10]
        hits = [(query["_id"], records[place]["id"]) in clicked for place in best]
        reciprocal += 1 / (hits.index(True) + 1) if any(hits) else 0
    assert reciprocal / len(queries) > 0.64
