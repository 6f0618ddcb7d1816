"""Readers that do what no reader may: the campaign has to notice each."""

import os
import time

from tesigo.intake.errors import BrokenFile
from tesigo.intake.reading import Reading
from tesigo.manuscript import Source

MARK = b"%PDF"


def dying(_name: str, data: bytes) -> Reading:
    """End the process at every PDF."""
    if data.startswith(MARK):
        os._exit(7)
    raise BrokenFile("This file is damaged.")


def hanging(_name: str, data: bytes) -> Reading:
    """Take for ever for every PDF."""
    while data.startswith(MARK):
        time.sleep(0.1)
    raise BrokenFile("This file is damaged.")


def raising(_name: str, data: bytes) -> Reading:
    """Let out what is no refusal."""
    raise IndexError(f"{len(data)}")


def leaking(_name: str, _data: bytes) -> Reading:
    """Let through what no database takes."""
    return Reading((Source("a", {"title": "Bees"}, full_text="a zero: \x00"),))
