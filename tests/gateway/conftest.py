"""Gateways over scripted providers, in a time that goes by at once."""

import random
from typing import Any

from tests.fakes.scripted_provider import RememberingAccount, ScriptedProvider
from tests.fakes.timer import FakeTimer

from tesigo.gateway.catalogue import Catalogue, ModelFacts
from tesigo.gateway.gateway import BoundModel, Gateway, GatewayRules
from tesigo.gateway.persistence import RetryRules
from tesigo.gateway.ports import Message, Prompt

FIRST, SECOND, THIRD = "openai:first", "openai:second", "anthropic:third"
PROMPT = Prompt("made/1", "You answer.", (Message("user", "What is it?"),), most_tokens=500)


def made_catalogue() -> Catalogue:
    """Return three models: the first falls back to the second, then to the third of another provider."""
    return Catalogue(
        [
            ModelFacts("openai", "first", 16_000, 4_000, fallbacks=(SECOND, THIRD)),
            ModelFacts("openai", "second", 16_000, 4_000),
            ModelFacts("anthropic", "third", 16_000, 4_000),
        ],
        {"openai": FIRST, "anthropic": THIRD},
    )


class Desk:
    """One job's view of a gateway."""

    def __init__(
        self,
        provider: ScriptedProvider,
        *,
        other: ScriptedProvider | None = None,
        timer: FakeTimer | None = None,
        rules: GatewayRules | None = None,
        **retries: Any,
    ) -> None:
        self.provider, self.timer, self.account = provider, timer or FakeTimer(), RememberingAccount()
        providers = {"openai": provider} | ({"anthropic": other} if other else {})
        rules = rules or GatewayRules(retries=RetryRules(**{"jitter": 0.0, **retries}))
        self.gateway = Gateway(providers, made_catalogue(), rules, timer=self.timer, dice=random.Random(7))

    def model(self, name: str = SECOND, *, job: str = "job") -> BoundModel:
        return self.gateway.model(name, account=self.account, job=job)

    async def ask(self, name: str = SECOND, prompt: Prompt = PROMPT) -> str:
        """Return the text of the answer."""
        return (await self.model(name).ask(prompt, str, product="2.1")).value
