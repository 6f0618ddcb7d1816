"""JSON that is written piece by piece, so that nothing has to be held in memory as a whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from tesigo.kit.records import to_json


class JsonFile:
    """Writes one JSON value into an open file, in UTF-8. What is begun as a block is closed with it.

    Within an object every value has a name, within an array none has.
    """

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._is_first = True

    @contextmanager
    def object(self, name: str | None = None) -> Iterator[None]:
        """Write an object around what the block writes."""
        with self._within(name, "{", "}"):
            yield

    @contextmanager
    def array(self, name: str | None = None) -> Iterator[None]:
        """Write an array around what the block writes."""
        with self._within(name, "[", "]"):
            yield

    def value(self, value: Any, name: str | None = None) -> None:
        """Write a value whole. Raises TypeError for what has no form in JSON."""
        self._begin(name)
        self._write(to_json(value))

    @contextmanager
    def _within(self, name: str | None, opening: str, closing: str) -> Iterator[None]:
        self._begin(name)
        self._write(opening)
        self._is_first = True
        yield
        self._write(f"\n{closing}")
        self._is_first = False

    def _begin(self, name: str | None) -> None:
        self._write("\n" if self._is_first else ",\n")
        self._is_first = False
        if name is not None:
            self._write(f"{to_json(name)}: ")

    def _write(self, text: str) -> None:
        self._out.write(text.encode("utf-8", "replace"))
