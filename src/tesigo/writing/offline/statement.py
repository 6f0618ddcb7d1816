"""How a document of the offline writer came about, in the document's language."""

from collections.abc import Sequence

from tesigo.manuscript import Section
from tesigo.writing.offline.wording import load_wording


def state(language: str, sections: Sequence[Section], *, name: str) -> str:
    """Return the statement of provenance: who wrote, from how many works, with how many quotations; no date."""
    wording = load_wording(language)
    citations = [citation for section in sections for citation in section.citations]
    fields = {
        "name": name,
        "works": wording.count(len({citation.key for citation in citations}), "work"),
        "quotations": wording.count(len(citations), "quotation"),
    }
    return " ".join(wording.fill(frame, fields) for frame in wording.frames("statement", "text"))
