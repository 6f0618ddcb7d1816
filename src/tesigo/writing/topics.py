"""Texts as vectors, and vectors divided into topics."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

Vectors = NDArray[np.float64]
"""One row per text, of length 1 (or 0 for a text without words)."""

_DIMENSIONS = 64
_FEWEST_TEXTS = 12
_SMALLEST_SHARE = 0.5
_SPLIT_SHARE, _LARGEST_SHARE, _ROOM_SHARE = 1.3, 1.8, 1.6
_FEWEST_TO_SPLIT = 3


def term_weights(texts: Sequence[Sequence[str]]) -> csr_array:
    """Return TF-IDF rows of length 1 for texts given as stems; stems of one text alone are left out."""
    return weigh_terms(texts)[0]


def weigh_terms(texts: Sequence[Sequence[str]]) -> tuple[csr_array, list[str]]:
    """Return the rows of `term_weights`, and the stem that each column stands for."""
    spread = Counter(stem for text in texts for stem in set(text))
    most = max(2, int(0.6 * len(texts)))
    columns = {
        stem: number
        for number, stem in enumerate(sorted(stem for stem, count in spread.items() if 2 <= count <= most))
    }
    rows, places, weights = [], [], []
    for row, text in enumerate(texts):
        counts = Counter(stem for stem in text if stem in columns)
        for stem in sorted(counts):
            rows.append(row)
            places.append(columns[stem])
            weights.append((1 + np.log(counts[stem])) * np.log(1 + len(texts) / spread[stem]))
    table = csr_array((weights, (rows, places)), shape=(len(texts), max(1, len(columns))), dtype=np.float64)
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    table.data /= np.repeat(np.where(lengths > 0, lengths, 1.0), np.diff(table.indptr))
    return table, list(columns)


def meaning_vectors(texts: Sequence[Sequence[str]]) -> Vectors:
    """Return a row per text (given as stems) in which texts of one topic are near each other.

    Latent semantic analysis of TF-IDF; few texts keep their plain TF-IDF. The same in every process.
    """
    table = term_weights(texts)
    rank = min(_DIMENSIONS, min(table.shape) - 1)
    if len(texts) < _FEWEST_TEXTS or rank < 2:
        return np.asarray(table.todense(), dtype=np.float64)
    start = np.ones(min(table.shape)) / np.sqrt(min(table.shape))
    left, strengths, _ = svds(table, k=rank, v0=start)
    order = np.argsort(-strengths, kind="stable")
    vectors = left[:, order] * strengths[order]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.round(vectors / np.where(lengths > 0, lengths, 1.0), 9), dtype=np.float64)


def divide(vectors: Vectors, weights: Sequence[float], parts: int) -> list[list[int]]:
    """Return the rows in at most `parts` topics of fit size, each ascending, the first row's topic first.

    Ward's hierarchical clustering; then a topic far below the mean weight joins its nearest, and one far
    above it is divided, so that no chapter is a line and none is half of the document.
    """
    count = len(vectors)
    if parts <= 1 or count <= 1:
        return [list(range(count))] if count else []
    labels = fcluster(linkage(vectors, method="ward"), t=min(parts, count), criterion="maxclust")
    topics = [np.flatnonzero(labels == label).tolist() for label in sorted(set(labels.tolist()))]
    mean = sum(weights) / parts
    for _ in range(4 * parts):
        largest = max(topics, key=lambda topic: (_weight(topic, weights), topic))
        smallest = min(topics, key=lambda topic: (_weight(topic, weights), topic))
        bound = _LARGEST_SHARE if len(topics) >= parts else _SPLIT_SHARE
        if _weight(largest, weights) > bound * mean and len(largest) > _FEWEST_TO_SPLIT:
            topics.remove(largest)
            topics += _halves(vectors, largest)
        elif len(topics) > parts or (len(topics) > 1 and _weight(smallest, weights) < _SMALLEST_SHARE * mean):
            topics = _merged(topics, smallest, vectors, weights, _ROOM_SHARE * mean)
        else:
            break
    while len(topics) > parts:
        smallest = min(topics, key=lambda topic: (_weight(topic, weights), topic))
        topics = _merged(topics, smallest, vectors, weights, _ROOM_SHARE * mean)
    return sorted(topics)


def _merged(
    topics: list[list[int]], smallest: list[int], vectors: Vectors, weights: Sequence[float], room: float
) -> list[list[int]]:
    """Return the topics with the smallest put into its nearest that has room, else into the lightest."""
    others = [topic for topic in topics if topic != smallest]
    fit = [topic for topic in others if _weight(topic, weights) + _weight(smallest, weights) <= room]
    if fit:
        host = max(fit, key=lambda topic: (_nearness(vectors, smallest, topic), topic))
    else:
        host = min(others, key=lambda topic: (_weight(topic, weights), topic))
    return [topic for topic in others if topic != host] + [sorted(host + smallest)]


def centre(vectors: Vectors, rows: Sequence[int]) -> NDArray[np.float64]:
    """Return the middle of these rows, of length 1."""
    middle = vectors[list(rows)].mean(axis=0)
    length = float(np.linalg.norm(middle))
    return np.asarray(middle / length if length else middle)


def _weight(topic: Sequence[int], weights: Sequence[float]) -> float:
    return sum(weights[row] for row in topic)


def _nearness(vectors: Vectors, some: Sequence[int], others: Sequence[int]) -> float:
    return round(float(centre(vectors, some) @ centre(vectors, others)), 9)


def _halves(vectors: Vectors, topic: list[int]) -> list[list[int]]:
    labels = fcluster(linkage(vectors[topic], method="ward"), t=2, criterion="maxclust")
    halves = [[row for row, label in zip(topic, labels, strict=True) if label == wanted] for wanted in (1, 2)]
    return [half for half in halves if half]
