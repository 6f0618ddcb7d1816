"""The sentences that a document holds so far, so that no two sections say the same."""

from collections.abc import Iterable
from threading import Lock

from tesigo.manuscript import Section
from tesigo.writing.sentences import likeness, paragraph_sentences, sentences


class Said:
    """Remembers sentences by what makes them the same for a reader; threads may share one.

    Whoever brings a sentence first keeps it.
    """

    def __init__(self, sections: Iterable[Section] = ()) -> None:
        self._lock = Lock()
        self._said = {likeness(sentence) for section in sections for sentence in sentences(section.content)}

    def keep_unsaid(self, content: str) -> str:
        """Return the content without the sentences that were said before, and remember the others."""
        with self._lock:
            return "\n\n".join(
                kept for paragraph in content.split("\n\n") if (kept := self._unsaid(paragraph)) is not None
            )

    def _unsaid(self, paragraph: str) -> str | None:
        """Return what is left of the paragraph, the paragraph itself when that is all, None when nothing is."""
        every = paragraph_sentences(paragraph)
        kept = []
        for sentence in every:
            words = likeness(sentence)
            if words not in self._said:
                kept.append(sentence)
                self._said.add(words)
        if len(kept) == len(every):
            return paragraph
        lead = "> " if paragraph.startswith(">") else ""
        return lead + " ".join(kept) if kept else None
