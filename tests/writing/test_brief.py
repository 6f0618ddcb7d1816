"""What a wish for a document must keep to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tesigo.kit.errors import Invalid
from tesigo.writing.brief import Brief, make_brief


def test_blanks_are_folded_and_defaults_stand() -> None:
    assert make_brief("  Soil \n erosion ", pages=5) == Brief("Soil erosion", 5)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"title": "ab"}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"title": "?!?"}, "title"),
        ({"pages": 4}, "pages"),
        ({"pages": 201}, "pages"),
        ({"language": "fr"}, "language"),
        ({"citation_style": " "}, "citation_style"),
        ({"norm": ""}, "norm"),
        ({"requirements": "x" * 100_001}, "requirements"),
        ({"author": "x" * 201}, "author"),
    ],
)
def test_each_broken_rule_is_named_by_its_field(broken: dict[str, object], field: str) -> None:
    wish = {"title": "Soil erosion", "pages": 10, **broken}
    with pytest.raises(Invalid) as failure:
        make_brief(**wish)
    assert [name for name, _ in failure.value.fields] == [field]
    assert field in failure.value.message


def test_all_broken_rules_come_at_once() -> None:
    with pytest.raises(Invalid) as failure:
        make_brief("a", pages=1, language="xx")
    assert [name for name, _ in failure.value.fields] == ["title", "pages", "language"]


@given(
    st.text(alphabet="abcde ", min_size=3, max_size=300).filter(lambda text: len("".join(text.split())) > 2)
)
def test_making_a_brief_of_a_brief_changes_nothing(title: str) -> None:
    once = make_brief(title, pages=7)
    assert make_brief(once.title, pages=once.pages) == once
