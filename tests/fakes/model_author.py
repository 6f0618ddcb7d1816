"""What a sensible model would answer to our prompts, made from their text alone, the same each time."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, cycle, zip_longest
from typing import Any

from tesigo.gateway.ports import Prompt

_BLOCK = re.compile(r"<(\w+)>\n(.*?)\n</\1>", re.DOTALL)
_SOURCE = re.compile(r"(?m)^- (\S+?)(?:, \d+)?: (.*)$")
_GIVEN = re.compile(r"(?m)^\[@(\w+)\] .*$|^- (.*)$")
_FIELD = re.compile(r"(?m)^(\w[\w ]*): (.*)$")
_WISH = re.compile(r"about (\d+) words in (\w+)\.")
_PLAN = re.compile(
    r"Plan (?:one|(\d+)) chapters?\.(?: Divide each chapter into about (\d+) sections)?.*headings and purposes in (\w+)"
)
_PART = re.compile(r"the (introduction|conclusion|abstract)")
_WORD = re.compile(r"[^\W\d_]{4,}")
_FRAMES = {
    "English": (
        "On {h}, the evidence shows that {w}",
        "Work on {h} also ties {w}",
        "Seen from {h}, it matters that {w}",
        "Where {h} is studied, authors report {w}",
        "A further strand of {h} concerns {w}",
    ),
    "Ukrainian": (
        "Щодо теми {h} джерела показують: {w}",
        "Праці про {h} пов’язують із цим таке: {w}",
        "З погляду на {h} важливо, що {w}",
        "Там, де вивчають {h}, автори повідомляють: {w}",
        "Ще один напрям у темі {h} стосується такого: {w}",
    ),
    "Italian": (
        "Su {h} le fonti mostrano che {w}",
        "Gli studi su {h} collegano a questo {w}",
        "Dal punto di vista di {h} conta che {w}",
        "Dove si studia {h}, gli autori riferiscono {w}",
        "Un altro filone di {h} riguarda {w}",
    ),
}
_NAMES = {
    "English": ("{w} in Focus", "Reviews what the sources say about {w}."),
    "Ukrainian": ("Питання: {w}", "Оглядає, що джерела кажуть про {w}."),
    "Italian": ("La questione: {w}", "Esamina ciò che le fonti dicono di {w}."),
}
_MARKS = {"English": "“{}”", "Ukrainian": "«{}»", "Italian": "«{}»"}
_SENTENCES_OF_A_PARAGRAPH = 4
_WORDS_OF_A_CLAIM = 16


def answer(
    system: str, messages: Sequence[tuple[str, str]], schema: Mapping[str, Any] | None, most_tokens: int
) -> str:
    """Return an outline as JSON where one is asked for, else a text of about the asked words.

    messages: (role, text); the first is our prompt, a reason why an answer could not be used may follow.
    most_tokens: is not looked at, since what is written has the asked length.
    Raises ValueError for a prompt that is none of ours.
    """
    request = messages[0][1]
    plan = _PLAN.search(request)
    if schema is not None and plan is None:
        raise ValueError("this prompt asks for a record that is not known here")
    return _outline(request, plan) if plan else _text(system, request)


def answer_prompt(prompt: Prompt) -> str:
    """Return the answer to a prompt at the port, for `FakeChatModel`."""
    messages = [(message.role, message.text) for message in prompt.messages]
    return answer(prompt.system, messages, prompt.schema, prompt.most_tokens)


def _outline(request: str, plan: re.Match[str]) -> str:
    chapters, parts, language = int(plan[1] or 1), int(plan[2] or 0), plan[3]
    sources = _SOURCE.findall(dict(_BLOCK.findall(request))["sources"])
    names = _names(text for _, text in sources)
    heading, purpose = _NAMES[language]

    def entry(held: Sequence[tuple[str, str]]) -> dict[str, Any]:
        name = next(names)
        return {
            "heading": heading.format(w=name.capitalize()),
            "purpose": purpose.format(w=name),
            "sources": [key for key, _ in held],
        }

    planned = []
    for place in range(chapters):
        held = sources[place::chapters]
        many = min(parts, len(held))
        sections = [entry(held[part::many]) for part in range(many)] if many > 1 else []
        planned.append({**entry([] if sections else held), "sections": sections})
    return json.dumps({"chapters": planned}, ensure_ascii=False)


def _names(texts: Iterator[str]) -> Iterator[str]:
    """Yield two words of each text as a name, each name once."""
    seen: set[str] = set()
    for text in cycle(list(texts)):
        words = [word.lower() for word in _WORD.findall(text)]
        for start in range(max(1, len(words) - 1)):
            name = " ".join(words[start : start + 2])
            if name and name not in seen:
                seen.add(name)
                yield name
                break
        else:
            seen.add(f"{len(seen)}")
            yield f"theme {len(seen)}"


def _text(system: str, request: str) -> str:
    wish = _WISH.search(request)
    if wish is None:
        raise ValueError("this prompt asks for no text that is known here")
    words, language = int(wish[1]), wish[2]
    blocks = dict(_BLOCK.findall(request))
    fields = dict(
        _FIELD.findall("\n".join(blocks.get(name, "") for name in ("document", "section", "chapter")))
    )
    part = _PART.search(system)
    subject = fields.get("Heading") or f"{fields['Title']} ({part[1] if part else 'text'})"
    told, frames = _claims(blocks, subject), cycle(_FRAMES[language])
    sentences: list[str] = []
    written = 0
    for number in count():
        key, said = next(told)
        sentence = _sentence(next(frames), _MARKS[language], subject, said, key, is_quoted=number % 7 == 6)
        many = len(sentence.split()) - bool(key)
        if sentences and written + many // 2 > words:
            break
        sentences.append(sentence)
        written += many
    return "\n\n".join(
        " ".join(sentences[start : start + _SENTENCES_OF_A_PARAGRAPH])
        for start in range(0, len(sentences), _SENTENCES_OF_A_PARAGRAPH)
    )


def _sentence(frame: str, marks: str, subject: str, said: str, key: str, *, is_quoted: bool) -> str:
    """Return what is said, in a frame: word for word now and then, else its beginning without its capital."""
    bare = said.rstrip(".")
    if key and is_quoted:
        opening = frame.format(h=subject, w="").rstrip(" :")
        return f"{opening}: {marks.format(bare)} [@{key}]."
    own = " ".join(bare.split()[:_WORDS_OF_A_CLAIM])
    marker = f" [@{key}]" if key else ""
    return f"{frame.format(h=subject, w=own[:1].lower() + own[1:])}{marker}."


def _claims(blocks: Mapping[str, str], subject: str) -> Iterator[tuple[str, str]]:
    """Yield (key or "", words) without end: each source's in turn, every round from another word on."""
    held: dict[str, list[str]] = {}
    key = ""
    for named, said in _GIVEN.findall(blocks.get("passages", "")):
        key = named or key
        held.setdefault(key, []).extend([said] if said else [])
    given = [
        (key, said)
        for turn in zip_longest(*held.values())
        for key, said in zip(held, turn, strict=True)
        if said
    ]
    if not given:
        lines = "\n".join(blocks.get(name, "") for name in ("sections", "elsewhere")).split("\n")
        given = [("", line.lstrip("- ")) for line in lines if line] or [("", subject)]
    for turn in count():
        for key, said in given:
            words = said.split()
            first = turn % len(words)
            yield key, said if turn == 0 else " ".join((*words[first:], *words[:first], f"({turn})"))
