"""How well texts answer a query: BM25 over stems.

Why BM25 and these parameters: `docs/decisions/0003-ranking-by-bm25.md`, measured by `benchmarks/ranking.py`.
"""

from collections.abc import Sequence

import numpy as np
from bm25s import BM25
from bm25s.tokenization import Tokenized
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tesigo.research.terms import guess_language, tokens

Scores = NDArray[np.float64]
"""One number per text, in the order of the texts; 0 when nothing matches."""

_K1 = 1.5
_B = 0.75
_SAMPLED_TEXTS = 50


class TextIndex:
    """Texts ready to be asked; immutable once built.

    language: of most of the texts and queries (see `terms.tokens`); guessed from the texts when not given.
    """

    def __init__(self, texts: Sequence[str], language: str | None = None) -> None:
        self._language = language or guess_language(" ".join(texts[:_SAMPLED_TEXTS]))
        self._vocabulary: dict[str, int] = {}
        self._texts = [self._numbered(text) for text in texts]
        self._bm25 = BM25(k1=_K1, b=_B, method="lucene")
        if self._vocabulary:
            corpus = Tokenized(ids=self._texts, vocab=self._vocabulary)
            self._bm25.index(corpus, create_empty_token=False, show_progress=False)

    def scores(self, query: str) -> Scores:
        """Return how well each text answers the query: 0 and more, the same for the same texts and query."""
        known = [self._vocabulary.get(token) for token in tokens(query, self._language)]
        asked = [number for number in known if number is not None]
        if not asked:
            return np.zeros(len(self._texts))
        return np.asarray(self._bm25.get_scores(asked), dtype=np.float64)

    def centrality(self) -> Scores:
        """Return how near each text is to the collection as a whole, 0 to 1 (cosine of TF-IDF to its mean).

        It orders texts when no query can: a title in another language than all of the texts.
        """
        if not self._vocabulary:
            return np.zeros(len(self._texts))
        weights = self._weights()
        middle = np.asarray(weights.sum(axis=0)).ravel()
        return np.asarray(weights @ middle / np.linalg.norm(middle), dtype=np.float64)

    def _numbered(self, text: str) -> list[int]:
        """Return the text's tokens as numbers, given in the order of first use: the same in every process."""
        vocabulary = self._vocabulary
        return [vocabulary.setdefault(token, len(vocabulary)) for token in tokens(text, self._language)]

    def _weights(self) -> csr_array:
        lengths = [len(text) for text in self._texts]
        rows = np.repeat(np.arange(len(lengths)), lengths)
        columns = np.fromiter((number for text in self._texts for number in text), np.int64, sum(lengths))
        shape = (len(lengths), len(self._vocabulary))
        counts = csr_array((np.ones(len(columns)), (rows, columns)), shape=shape)
        counts.sum_duplicates()
        spread = np.bincount(counts.indices, minlength=shape[1])
        counts.data = (1 + np.log(counts.data)) * np.log1p(len(lengths) / spread)[counts.indices]
        sizes = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
        counts.data /= np.repeat(np.where(sizes > 0, sizes, 1), np.diff(counts.indptr))
        return counts
