"""What names a work: its DOI, its number at arXiv, and its title, brought into one form each."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

_DOI = re.compile(r"10\.\d{4,9}/\S+", re.IGNORECASE)
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(.+)")
_ARXIV_ID = r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?"
_ARXIV = re.compile(rf"(?:arxiv\.org/(?:abs|pdf|html)/|\barxiv:\s*|^){_ARXIV_ID}(?:\.pdf)?\b", re.IGNORECASE)
_PREPRINT_PREFIXES = (
    "10.48550/", "10.1101/", "10.21203/", "10.26434/", "10.7287/peerj.preprints", "10.31234/", "10.31235/",
    "10.31219/", "10.35542/", "10.36227/", "10.20944/preprints", "10.2139/ssrn", "10.22541/",
)  # fmt: skip
"""What DOIs of preprint servers begin with: arXiv, bioRxiv and medRxiv, Research Square, ChemRxiv, PeerJ, PsyArXiv,
SocArXiv, OSF, EdArXiv, TechRxiv, Preprints.org, SSRN, Authorea. From: their pages at doi.org, read 2026-11-30.
"""
_VERSIONED = (*_PREPRINT_PREFIXES, "10.6084/m9.figshare")
_VERSION = re.compile(r"(?<=[\da-z])[./-]?v\d{1,3}$")
_LETTERS = re.compile(r"[^\W_]+")
_TAG = re.compile(r"</?[a-z][^<>]{0,80}>", re.IGNORECASE)
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}
)

RETRACTED_TITLE = re.compile(
    r"\W*(?:retracted(?:\s+(?:article|paper|chapter))?|withdrawn|removed)\s*[:\]\u2013\u2014-]\W*",
    re.IGNORECASE,
)
"""What publishers put before the title of a work that they took back: "RETRACTED ARTICLE: …"."""


def normalise_doi(doi: object) -> str:
    """Return the DOI in lower case, without its address and without the version of a preprint, "" when it is none."""
    match = _DOI.search(unquote(str(doi or "")))
    if not match:
        return ""
    bare = match[0].lower().rstrip(".,;")
    return _VERSION.sub("", bare) if bare.startswith(_VERSIONED) else bare


def normalise_title(title: str) -> str:
    """Return the letters and digits of the title, small and without accents, words apart by a space."""
    decomposed = unicodedata.normalize("NFKD", title.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(_LETTERS.findall(bare))


@lru_cache(maxsize=4096)
def title_words(title: str) -> tuple[str, ...]:
    """Return the words of a title for a comparison: without markup, and without the mark of a retraction."""
    plain = _TAG.sub("", RETRACTED_TITLE.sub("", title, count=1)).replace("{", "").replace("}", "")
    return tuple(normalise_title(plain.casefold().translate(_UNDECOMPOSED)).split())


def find_arxiv_id(said: object) -> str:
    """Return the number at arXiv, without a version, that an address, a DOI or a number names; "" for none."""
    told = str(said or "").strip()
    by_doi = _ARXIV_DOI.fullmatch(normalise_doi(told))
    match = _ARXIV.search(by_doi[1] if by_doi else told)
    return match[1].lower() if match else ""


def arxiv_id_of(csl: Mapping[str, Any]) -> str:
    """Return the number at arXiv that a record names anywhere, "" for none."""
    custom = csl.get("custom")
    told = custom.get("arxiv") if isinstance(custom, Mapping) else ""
    named = (csl.get("number"), csl.get("archive_location")) if _names_arxiv(csl) else ()
    places = (told, csl.get("DOI"), csl.get("URL"), *named)
    return next((found for place in places if (found := find_arxiv_id(place))), "")


def is_preprint_doi(doi: str) -> bool:
    """Return whether a normalised DOI is one of a preprint server."""
    return doi.startswith(_PREPRINT_PREFIXES)


def _names_arxiv(csl: Mapping[str, Any]) -> bool:
    fields = ("publisher", "archive", "container-title", "number")
    return any("arxiv" in str(csl.get(field) or "").casefold() for field in fields)
