"""Who writes a document: the offline writer, or a model of those that this installation can reach."""

from math import ceil

from tesigo.gateway.catalogue import UnknownModel
from tesigo.gateway.gateway import Gateway
from tesigo.gateway.ports import Account
from tesigo.writing.brief import Brief
from tesigo.writing.length import words_for
from tesigo.writing.model_composer import ModelComposer
from tesigo.writing.offline_composer import NAME as OFFLINE
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.ports import Composer

_TOKENS_PER_WORD = 10
"""What a word of a finished document costs at most, prompts, failures and thinking included."""

_TOKENS_PER_CALL = 5_000
"""What is set aside for the call of an ordinary section, besides what the model may think."""


class Composers:
    """Chooses the composer by the name of a model; implements `ComposerChoice`."""

    def __init__(self, gateway: Gateway, *, default: str = "") -> None:
        """Take `default` where no model is named; "" for the first provider that is set up, else the offline writer.

        Raises UnknownModel and ModelNotAvailable for a default that cannot be used here.
        """
        self.gateway = gateway
        self._default = self._full_name(default) if default else self._first_there()
        self._named = {self._default, *(facts.full_name for facts in gateway.catalogue)}

    @property
    def names(self) -> tuple[str, ...]:
        """What can be chosen here, the default first: models that are still served, and the offline writer."""
        catalogue = self.gateway.catalogue
        served = (
            facts.full_name
            for facts in catalogue
            if facts.retired is None and self.gateway.is_available(facts)
        )
        return tuple(dict.fromkeys((self._default, *served, OFFLINE)))

    def resolve(self, model: str | None) -> str:
        """Return the full name of who writes when this is asked for; None: the default.

        Only what the catalogue or the operator named can be asked for: each model is paid for with the operator's key.
        Raises UnknownModel, ModelNotAvailable.
        """
        if model is None:
            return self._default
        name = self._full_name(model)
        if name != OFFLINE and name not in self._named:
            raise UnknownModel(
                f"There is no model “{name[:80]}” here: choose one of {', '.join(self.names)}."
            )
        return name

    def choose(self, model: str | None, *, account: Account, job: str) -> Composer:
        """Return who writes. account: pays for each call; job: among which turns are shared fairly.

        Raises UnknownModel and ModelNotAvailable, for settings can have changed since a document was made.
        """
        name = self.resolve(model)
        if name == OFFLINE:
            return OfflineComposer()
        return ModelComposer(self.gateway.model(name, account=account, job=job))

    def tokens_for(self, model: str | None, brief: Brief, *, planned: int) -> int:
        """Return how many tokens must be left: for the whole document, or, once sections are planned, for one of them.

        0 for the offline writer. Never less than a single call sets aside.
        """
        name = self.resolve(model)
        if name == OFFLINE:
            return 0
        call = _TOKENS_PER_CALL + self.gateway.catalogue.find(name).thinking_tokens
        return max(call, ceil(_TOKENS_PER_WORD * words_for(brief) / max(1, planned)))

    def _full_name(self, model: str) -> str:
        if model.strip() == OFFLINE:
            return OFFLINE
        facts = self.gateway.catalogue.find(model)
        self.gateway.require_available(facts)
        return facts.full_name

    def _first_there(self) -> str:
        for first in self.gateway.catalogue.first_choices():
            if self.gateway.is_available(first):
                return first.full_name
        return OFFLINE
