"""What a text may refer to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tesigo.manuscript import Passage, Source


@dataclass(frozen=True, slots=True)
class References:
    """The sources that one text may cite or name; everything else in it that looks like a reference is none.

    citable: by key, those whose passages it is written from. passages: these, in their order.
    known: all of the document by key, which may be named with author and year.
    forgiven: keys whose markers are taken out without a doubt about their sentence.
    """

    language: str
    citable: Mapping[str, Source]
    known: Mapping[str, Source]
    passages: tuple[Passage, ...]
    forgiven: Collection[str] = ()
