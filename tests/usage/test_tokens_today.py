"""What a user sees of their tokens, through the whole application."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.houses import client_of, opened_house, sign_in
from tests.usage.ledgers import Ledger

from tesigo.usage.spending import Payer


async def test_a_user_sees_the_tokens_of_today_which_deleting_a_document_does_not_take_away(tmp_path: Path):
    now = datetime(2040, 3, 1, 23, 59, tzinfo=UTC)
    async with opened_house(tmp_path, clock=lambda: now) as house, client_of(house) as client:
        client.headers.update(await sign_in(client, tmp_path / "outbox", "olena@example.com"))
        me = "/api/v1/user/me"
        told = (await client.get(me)).json()
        assert told["tokens_used_today"] == 0
        document_id = (await client.post("/api/v1/documents", json={"title": "Essays"})).json()["id"]
        ledger = Ledger(house.database, now)
        await ledger.use(Payer(told["id"], document_id), 800)
        await ledger.use(await ledger.make_payer(), 55)
        assert (await client.get(me)).json() == {**told, "tokens_used_today": 800}
        document = f"/api/v1/documents/{document_id}"
        assert (await client.get(document)).json()["tokens_used"] == 800
        assert (await client.delete(document)).status_code == 204
        assert (await client.patch(me, json={"full_name": "Olena"})).json()["tokens_used_today"] == 800
        now += timedelta(minutes=1)
        assert (await client.get(me)).json()["tokens_used_today"] == 0
