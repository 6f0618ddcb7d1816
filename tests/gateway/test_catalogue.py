"""Which models are known, under which names, and who takes their place."""

import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from tesigo.gateway.catalogue import Catalogue, UnknownModel, load_catalogue
from tesigo.kit.errors import Invalid

OURS = load_catalogue()
TODAY = date(2026, 11, 30)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "models.toml"


def names(catalogue: Catalogue, name: str) -> list[str]:
    return [facts.full_name for facts in catalogue.chain(name)]


def test_a_model_is_found_by_its_full_name_and_by_its_bare_one():
    assert OURS.find("openai:gpt-6.1-terra") is OURS.find(" gpt-6.1-terra ")
    assert OURS.find("claude-3.5-sonnet").full_name == "anthropic:claude-3.5-sonnet"


def test_a_full_name_of_a_known_provider_is_believed():
    facts = OURS.find("openai:llama4:70b")
    assert (facts.provider, facts.name, facts.context_tokens) == ("openai", "llama4:70b", 32_768)
    assert names(OURS, "openai:llama4:70b") == ["openai:llama4:70b"]


@pytest.mark.parametrize("name", ["gpt-99", "", "openai:", ":gpt-4", "mistral:large", "gpt-4 or so" * 50])
def test_a_model_that_is_not_known_is_answered_with_a_sentence(name: str):
    with pytest.raises(UnknownModel) as caught:
        OURS.find(name)
    assert "openai:gpt-6.1-terra" in caught.value.message
    assert len(caught.value.message) < 250


def test_each_provider_has_a_first_choice_that_is_served():
    choices = OURS.first_choices()
    assert [facts.provider for facts in choices] == ["openai", "anthropic"]
    assert all(facts in tuple(OURS) and facts.retired is None for facts in choices)


@pytest.mark.parametrize("facts", tuple(OURS), ids=lambda facts: facts.full_name)
def test_what_is_said_of_a_model_fits_together(facts):
    assert facts.provider in ("openai", "anthropic")
    assert 0 <= facts.thinking_tokens < facts.output_tokens <= facts.context_tokens
    assert (facts.effort is None) == (facts.thinking_tokens == 0)
    assert facts.full_name not in facts.fallbacks
    assert all(other in {each.full_name for each in OURS} for other in facts.fallbacks)
    assert facts.retired is None or facts.retired <= TODAY


@pytest.mark.parametrize("facts", tuple(OURS), ids=lambda facts: facts.full_name)
def test_every_model_falls_back_on_one_of_its_own_provider_that_is_served(facts):
    others = OURS.chain(facts.full_name)[1:]
    assert [each for each in others if each.provider == facts.provider and each.retired is None]


def test_names_that_are_still_typed_fall_back_on_their_kin_first():
    assert OURS.find("gpt-4").retired == date(2026, 10, 23)
    assert names(OURS, "gpt-4")[:3] == ["openai:gpt-4", "openai:gpt-4-turbo", "openai:gpt-3.5-turbo"]
    assert names(OURS, "claude-3.5-sonnet")[:3] == [
        "anthropic:claude-3.5-sonnet",
        "anthropic:claude-3-opus",
        "openai:gpt-4",
    ]


def test_a_file_of_ones_own_overrides_and_adds(own: Path):
    own.write_text(
        """
        [providers]
        openai = "openai:house-model"

        [models."openai:house-model"]
        context = 16_000
        output = 4_000
        fallbacks = ["gpt-6-luna"]

        [models."openai:gpt-4"]
        context = 8_192
        output = 2_048
        """
    )
    catalogue = load_catalogue(own)
    first, second = catalogue.first_choices()
    assert (first.full_name, second) == ("openai:house-model", OURS.first_choices()[1])
    assert names(catalogue, "house-model") == ["openai:house-model", "openai:gpt-6-luna"]
    assert catalogue.find("gpt-4").output_tokens == 2_048
    assert (names(catalogue, "gpt-4"), catalogue.find("gpt-4").retired) == (["openai:gpt-4"], None)
    assert catalogue.find("gpt-6-luna") == OURS.find("gpt-6-luna")


def test_fallbacks_that_are_set_replace_those_of_the_files():
    catalogue = load_catalogue(
        fallbacks={"gpt-4": ["gpt-4-turbo"], "openai:my-own": ["gpt-4", "claude-opus-5"]}
    )
    assert names(catalogue, "gpt-4") == ["openai:gpt-4", "openai:gpt-4-turbo"]
    assert names(catalogue, "openai:my-own") == ["openai:my-own", "openai:gpt-4", "anthropic:claude-opus-5"]
    assert names(catalogue, "gpt-4-turbo") == names(OURS, "gpt-4-turbo")


@pytest.mark.parametrize("fallbacks", [{"gpt-4": ["gpt-99"]}, {"gpt-99": ["gpt-4"]}])
def test_fallbacks_that_name_no_model_are_refused(fallbacks: dict[str, list[str]]):
    with pytest.raises(Invalid, match="gpt-99"):
        load_catalogue(fallbacks=fallbacks)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models = [", "no TOML"),
        ('[models."openai:x"]\noutput = 12', "models.openai:x.output"),
        ('[models."openai:x"]\nprice = 12', "models.openai:x.price"),
        ('[models."gpt-x"]\ncontext = 8_192', "provider:model"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_entry(own: Path, text: str, said: str):
    own.write_text(text)
    with pytest.raises(Invalid, match="MODELS_FILE") as caught:
        load_catalogue(own)
    assert said in caught.value.message


def test_a_file_that_is_not_there_is_told(own: Path):
    with pytest.raises(Invalid, match="cannot be read"):
        load_catalogue(own)


def test_the_file_says_of_which_day_it_is():
    told = tomllib.loads(files("tesigo.gateway").joinpath("models.toml").read_text("utf-8"))
    assert told["as_of"] == TODAY
