"""The models that are known: what they are called, how much they read and write, and who takes their place.

They are data (`models.toml`), current for the day that the file names; an installation overrides them and adds its own.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tesigo.kit.errors import Invalid

_UNKNOWN_CONTEXT, _UNKNOWN_OUTPUT = 32_768, 8_192
"""What is believed of a model that nobody described: what most servers of one's own give it by default."""

_NAME = re.compile(r"[\w.:/@+-]{1,180}")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model. provider: "openai" or "anthropic"; name: as that one calls it.

    context_tokens: prompt and answer together. output_tokens: the longest answer, thinking included.
    thinking_tokens: what it may use to think to itself before it answers, 0 for one that does not.
    effort: how hard it is asked to think, in its provider's words; None leaves that to the provider.
    fallbacks: full names, tried in this order when it does not answer.
    retired: since when its provider does not serve it any more, None for one that is served.
    """

    provider: str
    name: str
    context_tokens: int = _UNKNOWN_CONTEXT
    output_tokens: int = _UNKNOWN_OUTPUT
    thinking_tokens: int = 0
    effort: str | None = None
    fallbacks: tuple[str, ...] = ()
    retired: date | None = None

    @property
    def full_name(self) -> str:
        """Return "provider:model"."""
        return f"{self.provider}:{self.name}"


class UnknownModel(Invalid):
    """No such model is known here: take one that the message names, or write "provider:model"."""

    code = "unknown_model"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    context: int = Field(_UNKNOWN_CONTEXT, ge=1_024)
    output: int = Field(_UNKNOWN_OUTPUT, ge=256)
    thinking: int = Field(0, ge=0)
    effort: str | None = None
    fallbacks: list[str] = Field(default_factory=list)
    retired: date | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    as_of: date | None = None
    providers: dict[str, str] = Field(default_factory=dict)
    models: dict[str, _Entry] = Field(default_factory=dict)


class Catalogue:
    """All models that this installation knows, and the first choice of each provider."""

    def __init__(self, models: Sequence[ModelFacts], first_choices: Mapping[str, str]) -> None:
        self._models = {facts.full_name: facts for facts in models}
        self._first = dict(first_choices)

    def __iter__(self) -> Iterator[ModelFacts]:
        return iter(self._models.values())

    def find(self, name: str) -> ModelFacts:
        """Return the model of this name: full, or bare if it is described.

        A full name of a known provider is believed even if nobody described the model: for what an operator names.
        Raises UnknownModel.
        """
        wanted = name.strip()
        if wanted in self._models:
            return self._models[wanted]
        for facts in self._models.values():
            if facts.name == wanted:
                return facts
        provider, _, model = wanted.partition(":")
        if provider in self._first and _NAME.fullmatch(model):
            return ModelFacts(provider, model)
        raise UnknownModel(
            f"There is no model “{wanted[:80]}” here: name one as provider:model, for example "
            f"{next(iter(self._first.values()), 'offline:extractive')}."
        )

    def first_choices(self) -> tuple[ModelFacts, ...]:
        """Return for each provider, in their order, the model that is taken when only its key is given."""
        return tuple(self.find(name) for name in self._first.values())

    def chain(self, name: str) -> tuple[ModelFacts, ...]:
        """Return the model and then its fallbacks in their order, each once; those of fallbacks do not count."""
        first = self.find(name)
        return tuple(dict.fromkeys((first, *(self.find(other) for other in first.fallbacks))))


def load_catalogue(
    own: Path | None = None, *, fallbacks: Mapping[str, Sequence[str]] | None = None
) -> Catalogue:
    """Return the models that come with TesiGo, with those of the installation's own file over them.

    own: a file of the form of `models.toml`; a model that it names is taken from it alone.
    fallbacks: by name of a model, in the place of those that the files give.
    Raises Invalid naming the file and the entry, also for a fallback that does not exist.
    """
    ours = _parse(files("tesigo.gateway").joinpath("models.toml").read_text("utf-8"), "models.toml")
    given = _parse(_read(own), str(own)) if own else _File()
    entries = {**ours.models, **given.models}
    catalogue = Catalogue(
        [_facts(name, entry) for name, entry in entries.items()], {**ours.providers, **given.providers}
    )
    described = {facts.full_name: facts for facts in catalogue}
    try:
        for name, others in (fallbacks or {}).items():
            facts = catalogue.find(name)
            described[facts.full_name] = replace(facts, fallbacks=tuple(others))
            for other in map(catalogue.find, others):
                described.setdefault(other.full_name, other)
        models = [_with_full_names(catalogue, facts) for facts in described.values()]
    except UnknownModel as unknown:
        raise Invalid(f"FALLBACK_MODELS or MODELS_FILE: {unknown.message}", code="wrong_setting") from unknown
    return Catalogue(models, {**ours.providers, **given.providers})


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"MODELS_FILE: {path} cannot be read as UTF-8 text.", code="wrong_setting") from error


def _parse(text: str, name: str) -> _File:
    try:
        return _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"MODELS_FILE: {name} is no TOML: {error}.", code="wrong_setting") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Invalid(f"MODELS_FILE: {name}: {where}: {first['msg']}.", code="wrong_setting") from error


def _facts(name: str, entry: _Entry) -> ModelFacts:
    provider, _, model = name.partition(":")
    if not (provider and model):
        raise Invalid(f"MODELS_FILE: “{name}” must be provider:model.", code="wrong_setting")
    return ModelFacts(
        provider=provider,
        name=model,
        context_tokens=entry.context,
        output_tokens=entry.output,
        thinking_tokens=entry.thinking,
        effort=entry.effort,
        fallbacks=tuple(entry.fallbacks),
        retired=entry.retired,
    )


def _with_full_names(catalogue: Catalogue, facts: ModelFacts) -> ModelFacts:
    return replace(facts, fallbacks=tuple(catalogue.find(name).full_name for name in facts.fallbacks))
