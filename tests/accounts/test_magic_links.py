"""A code from a mail signs one person in, once."""

import asyncio
import json

import pytest
from sqlalchemy.exc import IntegrityError
from tests.accounts.conftest import API, House
from tests.databases import SERVERS
from tests.fakes.mailer import code_in

from tesigo.accounts import links_service
from tesigo.accounts.errors import AddressNotValid

NOT_VALID = "code_not_valid"


def problem_code(answer) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["code"]


async def test_a_new_person_signs_in_with_the_code_from_the_mail(house: House):
    code = await house.code_for("Olena@Example.COM")
    answer = await house.verify(code)
    assert answer.status_code == 200
    tokens = answer.json()
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["user"]["email"] == "olena@example.com"
    assert tokens["user"]["is_admin"] is False
    assert answer.headers["cache-control"] == "no-store"
    me = await house.me(tokens["access_token"])
    assert me.json() == {**tokens["user"], "tokens_used_today": me.json()["tokens_used_today"]}


async def test_the_same_address_is_the_same_user_the_next_time_and_needs_no_consent_again(house: House):
    first = await house.enter("olena@example.com")
    again = await house.verify(await house.code_for("OLENA@example.com"), gdpr_consent=False)
    assert again.json()["user"] == first["user"]


async def test_known_and_unknown_addresses_get_the_same_answer(house: House):
    await house.enter("known@example.com")
    known, unknown = await house.ask("known@example.com"), await house.ask("unknown@example.com")
    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content
    await house.mailer.until_sent(3)
    assert len({(mail.subject, len(mail.text), len(mail.html)) for mail in house.mailer.sent}) == 1


@pytest.mark.parametrize(
    "typed",
    [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', ' ')} "],
    ids=["lower case", "no dashes", "spaces"],
)
async def test_the_code_may_be_typed_with_or_without_dashes_in_any_case(house: House, typed):
    code = await house.code_for()
    assert (await house.verify(typed(code))).status_code == 200


async def test_the_code_has_at_least_128_random_bits(house: House):
    codes = {(await house.code_for(f"user{number}@example.com")).replace("-", "") for number in range(5)}
    assert len(codes) == 5
    assert all(len(code) * 5 >= 128 for code in codes)  # 32 letters: 5 bits each


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
async def test_of_100_people_who_use_one_code_at_once_exactly_one_gets_in(house: House):
    code = await house.code_for()
    answers = await asyncio.gather(*(house.verify(code) for _ in range(100)))
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 99]
    assert {problem_code(answer) for answer in answers if answer.status_code == 400} == {NOT_VALID}
    assert await house.sql("SELECT count(*) FROM sign_ins") == [(1,)]


async def test_two_codes_of_a_new_address_redeemed_at_once_make_one_user(house: House):
    codes = [await house.code_for() for _ in range(5)]
    answers = await asyncio.gather(*(house.verify(code) for code in codes))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.json()["user"]["id"] for answer in answers}) == 1
    assert await house.sql("SELECT count(*) FROM consents") == [(3,)]


async def test_a_used_code_is_refused(house: House):
    code = await house.code_for()
    await house.verify(code)
    again = await house.verify(code)
    assert (again.status_code, problem_code(again)) == (400, NOT_VALID)


async def test_a_code_works_for_10_minutes_and_no_longer(house: House):
    early, late = await house.code_for(), await house.code_for()
    house.clock.move(minutes=9, seconds=59)
    assert (await house.verify(early)).status_code == 200
    house.clock.move(seconds=1)
    assert problem_code(await house.verify(late)) == NOT_VALID


@pytest.mark.parametrize("code", ["AAAA-BBBB", "x", "\0", "é" * 100, "-", " "])
async def test_a_wrong_code_is_refused(house: House, code: str):
    await house.code_for()
    answer = await house.verify(code)
    assert (answer.status_code, problem_code(answer)) == (400, NOT_VALID)


async def test_a_new_user_without_consent_is_refused_and_the_code_stays_usable(house: House):
    code = await house.code_for()
    refused = await house.verify(code, gdpr_consent=False)
    assert (refused.status_code, problem_code(refused)) == (400, "consent_required")
    assert await house.sql("SELECT count(*) FROM users") == [(0,)]
    assert (await house.verify(code)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"email": "nobody"},
        {"email": "a@b@example.com"},
        {"email": "olena@example.com\nBcc: x@example.com"},
        {"email": ""},
        {"email": None},
        {},
        {"email": "olena@example.com", "language": "xx"},
        {"email": "olena@example.com", "is_admin": True},
    ],
)
async def test_a_bad_request_for_a_link_is_422_and_sends_nothing(house: House, body):
    answer = await house.client.post(f"{API}/auth/magic-link", json=body)
    assert (answer.status_code, problem_code(answer)) == (422, "invalid_request")
    assert await house.sql("SELECT count(*) FROM link_codes") == [(0,)]
    assert await house.sql("SELECT count(*) FROM pgqueuer") == [(0,)]


async def test_a_page_that_passes_on_what_was_typed_gets_the_same_address_or_a_sentence(house: House):
    async with house.database.transaction() as tx:
        given = {"language": "en", "browser": None, "keys": house.keys, "now": house.clock.now}
        await links_service.request_link(tx, email=" Olena@Example.COM ", **given)
        with pytest.raises(AddressNotValid, match="e-mail address"):
            await links_service.request_link(tx, email="olena", **given)
    assert (await house.mailer.until_sent(1)).to == "olena@example.com"


async def test_mass_assignment_at_sign_in_is_refused(house: House):
    answer = await house.verify(await house.code_for(), is_admin=True)
    assert answer.status_code == 422


@pytest.mark.parametrize(("language", "word"), [("en", "sign in"), ("uk", "увійти"), ("it", "accedere")])
async def test_the_mail_speaks_the_language_that_was_asked_for(house: House, language, word):
    assert (await house.ask(language=language)).status_code == 202
    mail = await house.mailer.until_sent(1)
    link = f"http://127.0.0.1:8000/sign-in/link#{code_in(mail)}"
    assert word in mail.text
    assert f'lang="{language}"' in mail.html
    assert link in mail.text
    assert f'href="{link}"' in mail.html


async def test_the_limit_of_rate_alone_says_how_many_links_an_address_gets(house: House):
    await house.enter("known@example.com")
    for email in ("known@example.com", "unknown@example.com"):
        answers = await asyncio.gather(*(house.ask(email) for _ in range(12)))
        assert [answer.status_code for answer in answers] == [202] * 12


async def test_a_code_is_forgotten_a_day_later_with_its_address(house: House):
    await house.code_for("passer-by@example.com")
    house.clock.move(days=1, seconds=1)
    await house.ask("other@example.com")
    async with house.database.transaction() as tx:
        assert await links_service.forget_link_codes(tx, house.clock()) == 1
    assert await house.sql("SELECT email FROM link_codes") == [("other@example.com",)]


async def test_codes_and_tokens_are_not_in_the_database_in_clear(house: House):
    code = await house.code_for()
    tokens = (await house.verify(code)).json()
    tokens = (await house.refresh(tokens["refresh_token"])).json()
    unused = await house.code_for()
    rows = await house.sql(
        "SELECT to_jsonb(t)::text FROM link_codes t UNION ALL SELECT to_jsonb(t)::text FROM sign_ins t "
        "UNION ALL SELECT to_jsonb(t)::text FROM users t UNION ALL SELECT to_jsonb(t)::text FROM consents t"
    )
    everything = "\n".join(row[0] for row in rows)
    assert "olena@example.com" in everything
    secrets = [house.keys.secret_key, house.keys.jwt_secret, tokens["access_token"], tokens["refresh_token"]]
    for letters in (code, unused):
        secrets += [letters, letters.replace("-", ""), letters.lower()]
    assert not [secret for secret in secrets if secret in everything]


async def test_an_address_among_admin_emails_becomes_administrator_at_sign_in(house: House):
    assert (await house.enter("Boss@example.com"))["user"]["is_admin"] is True


async def test_an_administrators_address_may_be_written_in_admin_emails_as_mail_carries_it(house: House):
    settings = house.app.state.settings
    house.app.state.settings = settings.model_copy(update={"admin_emails": ("boss@xn--80a1acn3a.xn--j1amh",)})
    assert (await house.enter("boss@пошта.укр"))["user"]["is_admin"] is True
    assert (await house.enter("boss@example.com"))["user"]["is_admin"] is False


async def test_nobody_signs_in_with_the_address_that_a_deleted_account_will_have(house: House):
    await house.enter()
    answer = await house.ask("Deleted_1@deleted.com")
    assert (answer.status_code, house.mailer.tries) == (422, 1)
    for change in ("email = 'deleted_1@deleted.com'", "deleted_at = now()"):
        with pytest.raises(IntegrityError):
            await house.sql(f"UPDATE users SET {change}")  # noqa: S608 - ours


async def test_a_deleted_user_is_not_signed_in_again(house: House):
    await house.enter()
    code = await house.code_for()
    await house.sql("UPDATE users SET deleted_at = now(), email = 'deleted_1@deleted.com'")
    await house.sql("UPDATE link_codes SET email = 'deleted_1@deleted.com'")
    answer = await house.verify(code)
    assert (answer.status_code, problem_code(answer)) == (400, NOT_VALID)


async def test_every_route_is_described_with_its_problems(house: House):
    paths = (await house.client.get("/openapi.json")).json()["paths"]
    described = {path: routes for path, routes in paths.items() if path.startswith(API)}
    statuses = {
        (path.removeprefix(API), method): {status for status in route["responses"] if status >= "4"}
        for path, routes in described.items()
        for method, route in routes.items()
        if route["summary"] and route["description"]
    }
    assert statuses == {
        ("/auth/magic-link", "post"): {"422", "429", "503"},
        ("/auth/magic-link/verify", "post"): {"400", "422", "429", "503"},
        ("/auth/refresh", "post"): {"401", "422"},
        ("/auth/logout", "post"): {"401", "422"},
        ("/user/me", "get"): {"401"},
        ("/user/me", "patch"): {"401", "403", "422"},
        ("/user/sessions", "get"): {"401"},
        ("/user/sessions", "delete"): {"401", "403"},
        ("/user/sessions/{sign_in_id}", "delete"): {"401", "403", "404", "422"},
        ("/user/second-factor", "get"): {"401", "403"},
        ("/user/second-factor", "post"): {"401", "403", "409"},
        ("/user/second-factor", "delete"): {"400", "401", "403", "404", "422", "429", "503"},
        ("/user/second-factor/confirm", "post"): {"400", "401", "403", "404", "409", "422", "429", "503"},
        ("/user/consents", "get"): {"401"},
        ("/user/consents", "put"): {"401", "403", "422"},
    }
    assert "HTTPValidationError" not in json.dumps(described)
