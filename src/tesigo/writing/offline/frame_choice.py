"""Which frame comes next: the one that rested longest, that fits what is known, and says nothing twice."""

from collections.abc import Mapping, Sequence

from tesigo.writing.offline.wording import Wording, needs
from tesigo.writing.sentences import likeness

_REST = 7
_PRIME = 7919


class FrameChoice:
    """Remembers, within one section, which frames served and what was said.

    offset: where the rotation begins, so that neighbouring sections do not begin alike.
    """

    def __init__(self, wording: Wording, offset: int) -> None:
        self._wording = wording
        self._offset = offset
        self._used_at: dict[str, int] = {}
        self._clock = 0
        self._said: set[str] = set()
        self._last_word = ""

    def say(
        self,
        pools: Sequence[Sequence[str]],
        fields: Mapping[str, str],
        *,
        is_plural: bool = False,
        lead: str = "",
    ) -> str:
        """Return a sentence from the first pool that has a rested frame, else from whichever rested longest.

        "" when no frame fits: a field is unknown, or every sentence has been said. Two sentences in a row never
        begin with the same word when another frame can avoid it.
        lead: what stands before the frame, filled already ("In 2024,"); it does not count as part of the frame.
        """
        known = {name for name, value in fields.items() if value}
        fit = [
            (place, frame)
            for place, pool in enumerate(pools)
            for frame in self._rotated(pool)
            if needs(frame) <= known
        ]
        fit.sort(key=lambda pair: self._rank(*pair))
        second_best = ""
        for _, frame in fit:
            sentence = self._filled(frame, fields, is_plural=is_plural, lead=lead)
            if likeness(sentence) in self._said:
                continue
            if first_word(sentence) != self._last_word:
                return self._take(frame, sentence)
            second_best = second_best or frame
        if second_best:
            return self._take(second_best, self._filled(second_best, fields, is_plural=is_plural, lead=lead))
        return ""

    def pick(self, pool: Sequence[str]) -> str:
        """Return the item of the pool that rested longest."""
        item = min(self._rotated(pool), key=lambda one: self._used_at.get(one, -1))
        self._used_at[item] = self._clock
        return item

    def heard(self, sentence: str) -> None:
        """Take note of a sentence that was made otherwise."""
        self._said.add(likeness(sentence))
        self._last_word = first_word(sentence)
        self._clock += 1

    def _filled(self, frame: str, fields: Mapping[str, str], *, is_plural: bool, lead: str) -> str:
        if not lead:
            return self._wording.fill(frame, fields, is_plural=is_plural)
        return f"{lead} {self._wording.fill(frame, fields, is_plural=is_plural)}"

    def _rank(self, place: int, frame: str) -> tuple[bool, int, int]:
        used = self._used_at.get(frame)
        if used is None:
            return (False, place, -1)
        rested = self._clock - used >= _REST
        return (not rested, place if rested else 0, used)

    def _take(self, frame: str, sentence: str) -> str:
        self._used_at[frame] = self._clock
        self.heard(sentence)
        return sentence

    def _rotated(self, pool: Sequence[str]) -> list[str]:
        start = (self._offset * _PRIME) % len(pool) if pool else 0
        return [*pool[start:], *pool[:start]]


def first_word(sentence: str) -> str:
    """Return the sentence's first word as a reader hears it, "" for none."""
    return likeness(sentence).partition(" ")[0]
