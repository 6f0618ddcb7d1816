import pytest

from tesigo.export.errors import UnknownStyle
from tesigo.export.styles import find_style, style_names


@pytest.mark.parametrize("name", ["apa", "APA", "ieee", "chicago", "mla", "vancouver", "harvard", "dstu"])
def test_every_short_name_is_a_whole_style(name: str) -> None:
    text = find_style(name)
    assert "<bibliography" in text
    assert 'rel="independent-parent"' not in text


def test_more_than_a_thousand_styles_can_be_chosen() -> None:
    names = style_names()
    assert len(names) > 1_000
    assert list(names) == sorted(names)
    assert {"apa", "chicago", "dstu", "nature"} <= set(names)


def test_a_variant_gives_the_style_that_it_stands_for() -> None:
    assert find_style("nature-digest") == find_style("nature")


@pytest.mark.parametrize(
    ("wrong", "near"), [("chicgo", "chicago"), ("ieeee", "ieee"), ("Vancuver", "vancouver")]
)
def test_a_mistyped_style_is_answered_with_near_names(wrong: str, near: str) -> None:
    with pytest.raises(UnknownStyle, match=rf"did you mean .*\b{near}\b"):
        find_style(wrong)


def test_a_style_like_no_other_is_answered_with_the_usual_ones() -> None:
    with pytest.raises(UnknownStyle, match="try apa, ieee, chicago, mla or dstu"):
        find_style("qqqqqqqqqqqq")
