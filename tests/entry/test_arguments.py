import pytest

from tesigo.entry.cli import _spread_lists


@pytest.mark.parametrize(
    ("given", "spread"),
    [
        ("write T --source a b c", "write T --source a --source b --source c"),
        ("write T --source a b --out x.pdf y.docx", "write T --source a --source b --out x.pdf --out y.docx"),
        ("write T --source a b --pages 5", "write T --source a --source b --pages 5"),
        ("write T --source=a b --out=x.pdf y.docx", "write T --source a --source b --out x.pdf --out y.docx"),
        ("write --source a --source b -- T", "write --source a --source b -- T"),
        ("write --source a b -- T", "write --source a --source b -- T"),
        ("write --out - T", "write --out - --out T"),
        ("write T --source", "write T --source"),  # and not without: a script's empty list is a mistake
        ("write T --source --out x.pdf", "write T --source --out x.pdf"),
        ("library add a b", "library add a b"),
        ("serve --port 1 --no-worker", "serve --port 1 --no-worker"),
    ],
)
def test_an_option_takes_several_values_at_a_time(given, spread):
    assert _spread_lists(given.split()) == spread.split()
