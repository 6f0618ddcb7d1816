"""An installation in which one composer writes everything."""

from dataclasses import dataclass

from tesigo.gateway.ports import Account
from tesigo.generation.budgets import Budget
from tesigo.writing.brief import Brief
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.ports import Composer


@dataclass(frozen=True)
class Always:
    """Implements `ComposerChoice`: whatever is asked for, this composer writes it."""

    composer: Composer
    tokens: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return (self.composer.name,)

    def resolve(self, model: str | None) -> str:  # noqa: ARG002 - the port's
        return self.composer.name

    def choose(self, model: str | None, *, account: Account, job: str) -> Composer:  # noqa: ARG002 - the port's
        return self.composer

    def tokens_for(self, model: str | None, brief: Brief, *, planned: int) -> int:  # noqa: ARG002 - the port's
        return self.tokens


OFFLINE = Budget(Always(OfflineComposer()), None)
"""What a job is held against where nothing costs tokens."""


def always(composer: Composer) -> Always:
    """Return the choice of this composer alone."""
    return Always(composer)
