"""Full texts find their records."""

import json
from pathlib import Path

from tesigo.intake.pairing import pair_full_texts
from tesigo.intake.reading import read_sources
from tesigo.research.passages import cut_passages

RECORDS = [
    {"id": "rossi-1", "title": "Bees", "author": [{"family": "Rossi"}], "abstract": "Short."},
    {"id": "other", "title": "Perché le api?", "author": [{"family": "Bianchi"}]},
]


def read_all(files: dict[str, str]):
    taken: set[str] = set()
    readings = []
    for name, text in files.items():
        reading = read_sources(name, text.encode(), taken=taken)
        taken |= {source.key for source in reading.sources}
        readings.append((name, reading))
    return pair_full_texts(readings)


def test_a_text_joins_the_record_whose_id_is_its_name_or_whose_title_it_has():
    sources = read_all(
        {
            "dir/rossi-1.md": "# Something else\n\nThe text of bees.",
            "refs.json": json.dumps(RECORDS),
            "x.md": "# PERCHE LE API\n\nIl testo.",
            "alone.md": "# Alone\n\nText.",
        }
    )
    assert [(source.key, source.full_text.partition("\n\n")[2]) for source in sources] == [
        ("rossind", "The text of bees."),
        ("bianchind", "Il testo."),
        ("alonend", "Text."),
    ]
    assert sources[0].abstract == "Short."


def test_two_texts_of_one_record_lose_nothing():
    sources = read_all({"refs.json": json.dumps(RECORDS), "rossi-1.md": "One.", "rossi-1.txt": "Two."})
    assert sorted(source.full_text for source in sources) == ["", "One.", "Two."]


def test_all_real_full_texts_find_their_records(shared_data: Path):
    folder = shared_data / "corpus" / "fulltext"
    files = [*sorted((folder / "md").glob("*.md")), folder / "metadata.csl.jsonl"]
    sources = read_all({file.name: file.read_text("utf-8") for file in files})
    assert len(sources) == 37
    assert all(source.full_text and source.author_names for source in sources)
    assert all(cut_passages(source) for source in sources)
