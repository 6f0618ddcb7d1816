"""Who writes a document: the models that an installation can reach, by full or bare name, and no others."""

from pathlib import Path

import pytest
from tests.fakes.model_server import ModelServer
from tests.houses import opened_house
from tests.integration.model_houses import KEY
from tests.servers import answering
from tests.writers import signed_in


@pytest.fixture
async def me(tmp_path: Path):
    async with (
        answering(ModelServer()) as address,
        opened_house(tmp_path, openai_base_url=f"{address}/v1", openai_api_key=KEY) as house,
        signed_in(house) as writer,
    ):
        yield writer


async def test_a_bare_name_becomes_a_full_one_and_null_stays_the_default(me):
    document_id = await me.create(model="gpt-5.6-luna")
    answer = await me.ask("GET", f"/documents/{document_id}")
    assert answer.json()["model"] == "openai:gpt-5.6-luna"
    assert (await me.put(document_id, model="offline:extractive")).json()["model"] == "offline:extractive"
    assert (await me.put(document_id, model=None)).json()["model"] is None
    assert (await me.ask("GET", f"/documents/{await me.create()}")).json()["model"] is None


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("nobody-knows-it", "unknown_model"),
        ("mistral:large", "unknown_model"),
        ("openai:", "unknown_model"),
        ("openai:some-expensive-model", "unknown_model"),
        ('openai:o"}\n# HELP evil', "unknown_model"),
        ("claude-opus-5-5", "model_not_available"),
    ],
)
async def test_a_model_that_cannot_be_had_is_refused_wherever_it_is_named(me, model: str, code: str):
    document_id = await me.create()
    for answer in (
        await me.ask("POST", "/documents", json={"title": "Feedback on essays", "model": model}),
        await me.put(document_id, model=model),
        await me.ask(
            "POST", "/generate/document-async", json={"title": "Feedback on essays", "model": model}
        ),
        await me.ask("POST", "/generate/outline", json={"title": "Feedback on essays", "model": model}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert (await me.ask("GET", f"/documents/{document_id}")).json()["model"] is None


async def test_without_a_key_the_offline_writer_is_the_default_and_the_form_asks_nothing(tmp_path: Path):
    async with opened_house(tmp_path) as house, signed_in(house) as me:
        assert house.composers.names == ("offline:extractive",)
        page = await me.client.get("/documents/new")
        assert "Written by" not in page.text


async def test_the_first_provider_that_is_set_up_is_the_default_and_the_form_offers_the_choice(me):
    assert me.house.composers.names[0] == "openai:gpt-6.1-terra"
    assert "anthropic" not in " ".join(me.house.composers.names)
    page = await me.client.get("/documents/new")
    assert '<option value="openai:gpt-6.1-terra" selected>' in page.text
    assert "the offline writer" in page.text
