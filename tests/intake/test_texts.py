"""Bytes become text without a change."""

import pytest

from tesigo.intake.errors import BrokenFile
from tesigo.intake.texts import decode_text

UKRAINIAN = (
    "Зворотний зв’язок змінює навчання, якщо учні отримують його вчасно. Їхні твори стають кращими.\n" * 3
)
ITALIAN = "Perché gli studenti più giovani scrivono così? È una città università però.\n" * 3
RUSSIAN = "Обратная связь меняет обучение, если ученики получают её вовремя и читают внимательно.\n" * 3


PORTUGUESE = "Não é fácil: as crianças e os irmãos põem as mãos nos pães da região.\n" * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (PORTUGUESE, "cp1252"),
        (PORTUGUESE, "iso8859_1"),
        (UKRAINIAN, "utf-8"),
        (UKRAINIAN, "utf-8-sig"),
        (UKRAINIAN, "utf-16"),
        (UKRAINIAN, "utf-32"),
        (UKRAINIAN, "utf-16-le"),
        (UKRAINIAN, "utf-16-be"),
        (ITALIAN, "utf-16-le"),
        (UKRAINIAN, "cp1251"),
        (UKRAINIAN.replace("’", "'"), "koi8_u"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (ITALIAN, "cp1252"),
        (ITALIAN, "iso8859_1"),
    ],
)
def test_the_text_comes_back_whatever_its_encoding(text, encoding):
    assert decode_text(text.encode(encoding)) == text


def test_utf_16_is_read_in_both_orders():
    assert decode_text(b"\xfe\xff" + UKRAINIAN.encode("utf-16-be")) == UKRAINIAN
    assert decode_text(b"\xff\xfe" + UKRAINIAN.encode("utf-16-le")) == UKRAINIAN


def test_newlines_become_line_feeds():
    assert decode_text(b"a\r\nb\rc\n") == "a\nb\nc\n"


def test_nothing_else_is_changed():
    text = "e\u0301 and \u00e9, \ufb01, no\u00a0break, soft\u00adhyphen, “quotes” … \t tab  two spaces "
    assert decode_text(text.encode()) == text


def test_damaged_utf_16_is_said_to_be_damaged():
    with pytest.raises(BrokenFile, match="UTF-8"):
        decode_text(b"\xff\xfe" + "abc".encode("utf-16-le") + b"\x00\xd8")
