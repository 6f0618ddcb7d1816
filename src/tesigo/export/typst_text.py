"""Words that Typst would change: `...`, `--`, `-?` and `-5` are shorthands for other signs there.

Pandoc's writer escapes what is markup, but not these; a quotation has to come out as it went in.
"""

import re
from typing import Any

_SHORTHAND = re.compile(r"\.\.|-[-?\d]")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def literal_words(tree: Any) -> Any:
    """Return the tree with every word that holds a shorthand written out, sign by sign."""
    if isinstance(tree, list):
        return [literal_words(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("t") == "Str":
        return _literal(tree["c"]) if _SHORTHAND.search(tree["c"]) else tree
    return {name: literal_words(value) for name, value in tree.items()}


def _literal(word: str) -> dict[str, Any]:
    return {"t": "RawInline", "c": ["typst", _PUNCTUATION.sub(r"\\\g<0>", word)]}
