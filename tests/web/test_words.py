"""Every text of the interface is there in every language, and nowhere else."""

import re
import string
import tomllib

import pytest

from tesigo.export.formats import Format
from tesigo.web.pages import TEMPLATES
from tesigo.web.words import LANGUAGES, words_in

WEB = TEMPLATES.parent
TEMPLATE_FILES = sorted(TEMPLATES.glob("*.html"))
READ_BY_A_PERSON = re.compile(r"""\b(?:aria-label|alt|title|placeholder)=(["'])(.*?)\1""", re.DOTALL)


def texts_of(language: str) -> dict[str, object]:
    def flat(table, prefix=""):
        for name, value in table.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", value

    return dict(flat(tomllib.loads((WEB / "texts" / f"{language}.toml").read_text("utf-8"))))


def places_in(text: object) -> set[str]:
    forms = text if isinstance(text, list) else [text]
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(str(form)) if name}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_the_same_texts_with_the_same_places(language):
    english, other = texts_of("en"), texts_of(language)
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert type(other[key]) is type(text), key
        if key == "dates.months":
            assert len(other[key]) == 12
        else:
            assert places_in(other[key]) - {"n"} == places_in(text) - {"n"}, key


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_text_was_left_in_english(language):
    english, other = texts_of("en"), texts_of(language)
    same = {key for key, text in english.items() if other[key] == text and re.search(r"[a-z]{3}", str(text))}
    assert same <= {
        "dates.form", "entry.et_al", "entry.pages", "formats.docx", "formats.md", "formats.odt", "norms.dstu3008",
    }  # fmt: skip


@pytest.mark.parametrize("template", TEMPLATE_FILES, ids=lambda file: file.name)
def test_no_template_has_words_of_its_own(template):
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template.read_text("utf-8"), flags=re.DOTALL)
    for _, value in READ_BY_A_PERSON.findall(source):
        assert not re.search(r"\w", value), value
    read = re.sub(r"<[^>]*>", " ", re.sub(r"""=("[^"]*"|'[^']*')""", "", source))
    assert not re.search(r"[^\W\d_]", re.sub(r"aria-\w+", "", read)), read.split()


def test_every_text_that_is_asked_for_exists_and_every_text_is_asked_for():
    code = "".join(file.read_text("utf-8") for file in [*TEMPLATE_FILES, *WEB.glob("*.py")])
    asked = set(re.findall(r"""\b(?:t|w|words)(?:\.count|\.find)?\(\s*"([a-z_0-9.]+)"[,)]""", code))
    known = texts_of("en").keys()
    assert asked <= known, asked - known
    begun = tuple(
        set(re.findall(r"""["']([a-z_]+\.)["'] ~""", code)) | set(re.findall(r"""f"([a-z_]+\.)\{""", code))
    )
    unused = {
        key for key in known if key not in asked and not key.startswith(begun) and f'"{key}"' not in code
    }
    assert not unused


def test_every_format_has_a_name():
    assert {f"formats.{wanted.value}" for wanted in Format} <= texts_of("en").keys()


@pytest.mark.parametrize(
    ("number", "read"),
    [(1, "1 слово"), (3, "3 слова"), (5, "5 слів"), (11, "11 слів"), (12, "12 слів"), (22, "22 слова"),
     (101, "101 слово"), (1234, "1\u00a0234 слова")],
)  # fmt: skip
def test_ukrainian_counts_in_three_forms(number, read):
    assert words_in("uk").count("documents.words", number) == read


@pytest.mark.parametrize(("number", "read"), [(0, "0 words"), (1, "1 word"), (1234, "1,234 words")])
def test_english_counts_in_two_forms(number, read):
    assert words_in("en").count("documents.words", number) == read


def test_a_text_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        words_in("en")("documents.nonsense")
