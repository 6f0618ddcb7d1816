"""How a document of models came about, in the document's language."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from tesigo.manuscript import Section
from tesigo.writing.offline.wording import load_wording


def state(language: str, sections: Sequence[Section], *, name: str) -> str:
    """Return the statement of provenance: which model wrote what, from how many works, what was checked; no date.

    name: the model that is asked first; it stands alone where no section says who wrote it.
    """
    wording, frames = load_wording(language), _frames(language)
    citations = [citation for section in sections for citation in section.citations]
    written = _by_model(sections) or {name: []}
    fields = {
        **wording.counted_works(len({citation.key for citation in citations})),
        "citations": str(len(citations)),
        "models": wording.list_of([*written]),
    }
    sentences = [frames["one" if len(written) == 1 else "several"]]
    if len(written) > 1:
        sentences += [
            frames["part"].format(model=model, numbers=wording.list_of(numbers))
            for model, numbers in list(written.items())[1:]
        ]
    for role, wrote in (("offline", _is_offline), ("people", _is_person)):
        numbers = [section.number for section in sections if wrote(section.written_by)]
        sentences += [frames[role].format(numbers=wording.list_of(numbers))] if numbers else []
    sentences += [frames["passages"], frames["checked"], frames["unreviewed"]]
    return " ".join(sentence.format(**fields) for sentence in sentences)


def _by_model(sections: Iterable[Section]) -> dict[str, list[str]]:
    """Return the numbers of the sections by the model that wrote them, the most diligent first."""
    found: dict[str, list[str]] = {}
    for section in sections:
        writer = section.written_by
        if writer and not _is_offline(writer) and not _is_person(writer):
            found.setdefault(writer, []).append(section.number)
    return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))


def _is_offline(writer: str) -> bool:
    return writer.startswith("offline:")


def _is_person(writer: str) -> bool:
    return bool(writer) and ":" not in writer


@cache
def _frames(language: str) -> Mapping[str, str]:
    text = files("tesigo.writing.prompted").joinpath("statement.toml").read_text("utf-8")
    frames: dict[str, Any] = tomllib.loads(text)
    return {role: str(frame) for role, frame in frames[language].items()}
