"""From the bytes of a file that somebody brings to sources."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from tesigo.intake.csl import Item
from tesigo.intake.docx import extract_docx
from tesigo.intake.first_page import describe_paper
from tesigo.intake.kinds import Kind
from tesigo.intake.opening import open_file
from tesigo.intake.pdf import PdfText, extract_pdf
from tesigo.intake.prose_files import Described, describe_text, title_of_name
from tesigo.intake.references import read_references
from tesigo.manuscript import Source
from tesigo.manuscript.keys import issue_key

MOST_BYTES = 20 << 20


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file gave: its sources, and a sentence for each part that could not be used."""

    sources: tuple[Source, ...]
    warnings: tuple[str, ...] = ()


def read_sources(
    name: str, data: bytes, *, taken: Collection[str] = (), most_bytes: int = MOST_BYTES
) -> Reading:
    """Return the sources in a file: each record of a list of references, or the one that a document is.

    name: the file's own, for its title and for a check against its content, which alone decides the kind.
    taken: keys that the document has; the new ones differ from them and from each other.
    Blocks, for 40 s at worst (a child process reads PDF, DOCX, BibTeX and RIS): call it in a thread from
    asynchronous code. Raises the kinds of `intake.errors`; their messages say what to bring instead. Raises
    ChildKilled when the machine stopped the child: nothing is wrong with the file.
    """
    opened = open_file(name, data, most_bytes=most_bytes)
    kind, text = opened.kind, opened.text
    if kind is Kind.PDF:
        return _one_paper(name, extract_pdf(data), taken)
    if kind is Kind.DOCX:
        document = extract_docx(data)
        described = Described(document.title, document.authors)
        if not document.title:
            described = describe_text(name, document.text, is_markdown=True)
        return _one(described, document.text, taken)
    if kind in (Kind.MARKDOWN, Kind.TEXT):
        return _one(describe_text(name, text, is_markdown=kind is Kind.MARKDOWN), text, taken)
    records = read_references(kind, text)
    used = set(taken)
    sources = tuple(_keyed(item, abstract, "", used) for item, abstract in records.items)
    return Reading(sources, tuple(records.warnings))


def _one(described: Described, text: str, taken: Collection[str]) -> Reading:
    return Reading((_keyed(described.item(), "", text, set(taken)),))


def _one_paper(name: str, found: PdfText, taken: Collection[str]) -> Reading:
    described = describe_paper(found.first_lines, told_title=found.told_title, told_author=found.told_author)
    item = replace(described, title=described.title or title_of_name(name)).item()
    source = _keyed(item, "", found.joined.text, set(taken))
    paged = replace(source, page_starts=found.joined.page_starts, first_page=found.joined.first_page)
    return Reading((paged,))


def _keyed(item: Item, abstract: str, text: str, used: set[str]) -> Source:
    key = issue_key(item, used)
    used.add(key)
    return Source(key=key, csl={**item, "id": key}, abstract=abstract, full_text=text)
