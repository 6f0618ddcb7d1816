"""Files named on the command line, read into sources; what cannot be read is named, the rest is used."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from tesigo.intake.pairing import pair_full_texts
from tesigo.intake.reading import Reading, read_sources
from tesigo.kit.errors import Failure
from tesigo.manuscript import Source


@dataclass(frozen=True, slots=True)
class FilesRead:
    """What the files gave: sources with distinct keys, and a sentence for all that could not be used."""

    sources: tuple[Source, ...]
    complaints: tuple[str, ...]


def find_files(named: Iterable[str]) -> list[Path]:
    """Return the files that these names mean, in their order; a folder means all files in it."""
    found: list[Path] = []
    for path in map(Path, named):
        if path.is_dir():
            found += sorted(
                file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")
            )
        else:
            found.append(path)
    return list(dict.fromkeys(found))


async def read_files(files: Iterable[Path], *, most_mib: int, on_file: Callable[[Path], None]) -> FilesRead:
    """Return the sources of all files, full texts joined to their records.

    on_file: is called before each file. Stopping between two files, or soon within one, loses nothing.
    """
    readings: list[tuple[str, Reading]] = []
    complaints: list[str] = []
    taken: set[str] = set()
    for file in files:
        on_file(file)
        try:
            reading = await asyncio.to_thread(_read_file, file, taken, most_mib)
        except OSError as error:
            complaints.append(f"{file}: cannot be opened ({error.strerror}).")
            continue
        except Failure as failure:
            complaints.append(f"{file}: {failure.message}")
            continue
        taken.update(source.key for source in reading.sources)
        complaints += [f"{file}: {warning}" for warning in reading.warnings]
        readings.append((file.name, reading))
    return FilesRead(await asyncio.to_thread(pair_full_texts, readings), tuple(complaints))


def _read_file(file: Path, taken: Collection[str], most_mib: int) -> Reading:
    most_bytes = most_mib << 20
    with file.open("rb") as stream:
        content = stream.read(most_bytes + 1)
    return read_sources(file.name, content, taken=taken, most_bytes=most_bytes)
