"""Which ranking finds what people looked for: BM25 in several forms against PostgreSQL's full text.

    .venv/bin/python benchmarks/ranking.py

Reads the judged queries in `$TESIGO_SHARED_DATA/retrieval` (default `../shared/data`). PostgreSQL is asked at
`$RANKING_DATABASE_URL` (default: user postgres at 127.0.0.1:5432, without a password); when none answers, its
rows are left out. It works in a temporary table and leaves nothing behind. The measured figures and what was
decided by them are in `docs/decisions/0003-ranking-by-bm25.md`.
"""

import asyncio
import gzip
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import numpy as np
from bm25s import BM25
from bm25s.tokenization import Tokenized
from numpy.typing import NDArray

from tesigo.research.evidence import TITLE_WEIGHT
from tesigo.research.ranking import TextIndex
from tesigo.research.terms import tokens

ROOT = Path(__file__).resolve().parent.parent
SETS = ("s2_search_clicks", "citing_sentences", "review_software_engineering_2010")
HEADINGS = ("clicks MRR@10", "clicks nDCG@10", "citing nDCG@10", "review R@100", "ms a query")
Ask = Callable[[str], NDArray[np.float64]]
Tokens = Callable[[str], list[str]]


@dataclass(frozen=True)
class Judged:
    """A collection of (title, abstract) with queries and the places of the documents that answer them."""

    name: str
    documents: list[tuple[str, str]]
    queries: list[tuple[str, frozenset[int]]]

    def texts(self, title_weight: int) -> list[str]:
        """Return each document as one text, its title so many times."""
        return [" ".join([title] * title_weight + [abstract]) for title, abstract in self.documents]


def main() -> None:
    """Print the table."""
    folder = Path(os.environ.get("TESIGO_SHARED_DATA", ROOT.parent / "shared" / "data")) / "retrieval"
    if not folder.is_dir():
        sys.exit("no judged queries: set TESIGO_SHARED_DATA to the folder that holds retrieval/")
    collections = [read_judged(folder, name) for name in SETS]
    print(f"{'':38}" + "".join(f"{heading:>16}" for heading in HEADINGS))
    for name, make in bm25_variants():
        print_row(name, [(judged, make(judged)) for judged in collections])
    url = os.environ.get("RANKING_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    try:
        asyncio.run(measure_postgres(url, collections))
    except (OSError, asyncpg.PostgresError) as failure:
        print(f"PostgreSQL is left out: none answers ({failure}); set RANKING_DATABASE_URL")


def read_judged(folder: Path, name: str) -> Judged:
    """Return the collection of that name."""
    plain, packed = folder / name / "corpus.csl.jsonl", folder / name / "corpus.csl.jsonl.gz"
    text = (
        plain.read_text("utf-8") if plain.exists() else gzip.decompress(packed.read_bytes()).decode("utf-8")
    )
    records = [json.loads(line) for line in text.splitlines() if line.strip()]
    place = {record["id"]: number for number, record in enumerate(records)}
    answers: dict[str, set[int]] = {}
    for line in (folder / name / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if float(score) > 0:
            answers.setdefault(query, set()).add(place[document])
    asked = map(json.loads, (folder / name / "queries.jsonl").read_text("utf-8").splitlines())
    return Judged(
        name=name,
        documents=[(record.get("title", ""), record.get("abstract", "")) for record in records],
        queries=[(q["text"], frozenset(answers[q["_id"]])) for q in asked if q["_id"] in answers],
    )


def bm25_variants() -> Iterator[tuple[str, Callable[[Judged], Ask]]]:
    """Yield (name, what makes the ranking of a collection)."""
    yield "ours (research.ranking)", lambda judged: TextIndex(judged.texts(TITLE_WEIGHT)).scores
    for weight in (1, 2, 3, 4, 6):
        yield f"bm25 lucene, title x{weight}", _maker(title_weight=weight)
    for k1, b in ((0.9, 0.4), (1.2, 0.6), (1.2, 0.75), (1.5, 0.5), (2.0, 0.75)):
        yield f"bm25 lucene, title x3, k1={k1} b={b}", _maker(k1=k1, b=b)
    for method in ("robertson", "atire", "bm25l", "bm25+"):
        yield f"bm25s method {method}, title x3", _maker(method=method)
    yield "bm25 lucene, title x3, no stemming", _maker(words=_plain_words)


def _plain_words(text: str) -> list[str]:
    return tokens(text, "unknown")


def _maker(
    *,
    title_weight: int = 3,
    k1: float = 1.5,
    b: float = 0.75,
    method: str = "lucene",
    words: Tokens = tokens,
) -> Callable[[Judged], Ask]:
    def make(judged: Judged) -> Ask:
        vocabulary: dict[str, int] = {}
        ids = [
            [vocabulary.setdefault(word, len(vocabulary)) for word in words(text)]
            for text in judged.texts(title_weight)
        ]
        index = BM25(k1=k1, b=b, method=method)
        index.index(Tokenized(ids, vocabulary), create_empty_token=False, show_progress=False)

        def ask(query: str) -> NDArray[np.float64]:
            known = [vocabulary[word] for word in words(query) if word in vocabulary]
            return np.asarray(index.get_scores(known) if known else np.zeros(len(ids)), dtype=np.float64)

        return ask

    return make


def print_row(name: str, rankings: list[tuple[Judged, Ask]]) -> None:
    """Ask every query of every collection and print how well the ranking did."""
    found: dict[str, float] = {}
    started, count = time.perf_counter(), 0
    for judged, ask in rankings:
        orders = [np.argsort(-ask(query), kind="stable") for query, _ in judged.queries]
        count += len(orders)
        answers = [answer for _, answer in judged.queries]
        found |= _measures(judged.name, orders, answers)
    each_ms = (time.perf_counter() - started) * 1_000 / count
    figures = [
        found["clicks MRR@10"],
        found["clicks nDCG@10"],
        found["citing nDCG@10"],
        found["review R@100"],
    ]
    print(f"{name:38}" + "".join(f"{figure:16.3f}" for figure in [*figures, each_ms]), flush=True)


def _measures(
    name: str, orders: list[NDArray[np.int64]], answers: list[frozenset[int]]
) -> Mapping[str, float]:
    hits = [
        [place in answer for place in order.tolist()] for order, answer in zip(orders, answers, strict=True)
    ]
    first = [next((1 / (rank + 1) for rank, hit in enumerate(row[:10]) if hit), 0.0) for row in hits]
    gains = [
        sum(hit / np.log2(rank + 2) for rank, hit in enumerate(row[:10]))
        / sum(1 / np.log2(rank + 2) for rank in range(min(10, len(answer))))
        for row, answer in zip(hits, answers, strict=True)
    ]
    recall = [sum(row[:100]) / len(answer) for row, answer in zip(hits, answers, strict=True)]
    short = {"s2_search_clicks": "clicks", "citing_sentences": "citing"}.get(name, "review")
    return {
        f"{short} MRR@10": float(np.mean(first)),
        f"{short} nDCG@10": float(np.mean(gains)),
        f"{short} R@100": float(np.mean(recall)),
    }


async def measure_postgres(url: str, collections: list[Judged]) -> None:
    """Print a row for each way in which PostgreSQL ranks; its queries join the words by OR."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        version = await connection.fetchval("SHOW server_version")
        print(f"PostgreSQL {version}")
        await connection.execute(
            "CREATE TEMPORARY TABLE judged (collection text, place int, words tsvector);"
            "CREATE INDEX ON judged USING gin (words)"
        )
        for judged in collections:
            await connection.executemany(
                "INSERT INTO judged VALUES ($1, $2, setweight(to_tsvector('english', $3), 'A')"
                " || setweight(to_tsvector('english', $4), 'D'))",
                [(judged.name, place, *document) for place, document in enumerate(judged.documents)],
            )
        for function in ("ts_rank", "ts_rank_cd"):
            for normalisation in (0, 1, 2, 4 if function == "ts_rank_cd" else 8):
                rankings = [
                    (judged, await _asked_beforehand(connection, judged, function, normalisation))
                    for judged in collections
                ]
                print_row(f"{function}, normalisation {normalisation}", rankings)
        await _print_time(connection, collections)
    finally:
        await connection.close()


async def _asked_beforehand(
    connection: asyncpg.Connection, judged: Judged, function: str, normalisation: int
) -> Ask:
    """Return a ranking that looks up what the database answered."""
    statement = (
        f"SELECT place, {function}(words, query, {normalisation}) AS score FROM judged,"  # noqa: S608 - our own words
        " CAST(replace(CAST(plainto_tsquery('english', $2) AS text), '&', '|') AS tsquery) AS query"
        " WHERE collection = $1 AND words @@ query"
    )
    answers: dict[str, NDArray[np.float64]] = {}
    for query, _ in judged.queries:
        scores = np.zeros(len(judged.documents))
        for row in await connection.fetch(statement, judged.name, query):
            scores[row["place"]] = row["score"]
        answers[query] = scores
    return answers.__getitem__


async def _print_time(connection: asyncpg.Connection, collections: list[Judged]) -> None:
    started = time.perf_counter()
    for judged in collections:
        await _asked_beforehand(connection, judged, "ts_rank_cd", 1)
    each_ms = (time.perf_counter() - started) * 1_000 / sum(len(judged.queries) for judged in collections)
    print(f"(a query takes PostgreSQL {each_ms:.1f} ms; the last column above only counts the look-up)")


if __name__ == "__main__":
    main()
