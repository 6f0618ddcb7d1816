"""A token is believed only when everything about it is right."""

import base64
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from tests.accounts.conftest import API, House

from tesigo.kit.secret_keys import generate_pair


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def without(claims: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if key != name}


async def test_both_tokens_carry_the_promised_claims_and_lifetimes(house: House):
    tokens = await house.enter()
    access, refresh = claims_of(tokens["access_token"]), claims_of(tokens["refresh_token"])
    for claims in (access, refresh):
        assert {"iss", "aud", "exp", "iat", "jti", "sub", "type"} <= claims.keys()
        assert claims["sub"] == str(tokens["user"]["id"])
    assert (access["type"], access["exp"] - access["iat"]) == ("access", 3600)
    assert (refresh["type"], refresh["exp"] - refresh["iat"]) == ("refresh", 7 * 24 * 3600)
    assert access["jti"] != refresh["jti"]
    assert jwt.get_unverified_header(tokens["access_token"])["alg"] == "HS256"


async def test_an_access_token_works_for_an_hour_and_no_longer(house: House):
    tokens = await house.enter()
    house.clock.move(minutes=59, seconds=58)
    assert (await house.me(tokens["access_token"])).status_code == 200
    house.clock.move(seconds=2)
    assert (await house.me(tokens["access_token"])).status_code == 401


async def test_a_refresh_token_works_for_7_days_and_no_longer(house: House):
    tokens = await house.enter()
    house.clock.move(days=6, hours=23, minutes=59)
    tokens = (await house.refresh(tokens["refresh_token"])).json()
    house.clock.move(days=7)
    assert (await house.refresh(tokens["refresh_token"])).status_code == 401


async def test_an_access_token_is_no_refresh_token_and_the_reverse(house: House):
    tokens = await house.enter()
    assert (await house.me(tokens["refresh_token"])).status_code == 401
    assert (await house.refresh(tokens["access_token"])).status_code == 401
    assert (await house.log_out(tokens["access_token"])).status_code == 401
    assert (await house.me(tokens["access_token"])).status_code == 200


FORGERIES: dict[str, Callable[[dict[str, Any], House], str]] = {
    "alg none": lambda claims, _: jwt.encode(claims, None, algorithm="none"),
    "another algorithm": lambda claims, house: jwt.encode(claims, house.keys.jwt_secret, "HS384"),
    "SECRET_KEY": lambda claims, house: jwt.encode(claims, house.keys.secret_key, "HS256"),
    "another key": lambda claims, _: jwt.encode(claims, generate_pair().jwt_secret, "HS256"),
}
WRONG_CLAIMS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another audience": lambda claims: {**claims, "aud": "somebody-else"},
    "another issuer": lambda claims: {**claims, "iss": "somebody-else"},
    "another type": lambda claims: {**claims, "type": "reset"},
    "a type that is a list": lambda claims: {**claims, "type": ["access", "refresh"]},
    "expired": lambda claims: {**claims, "exp": claims["iat"] - 1},
    "an expiry that is no time": lambda claims: {**claims, "exp": "never"},
    "an expiry beyond all time": lambda claims: {**claims, "exp": 10**30},
    "somebody else": lambda claims: {**claims, "sub": str(int(claims["sub"]) + 1)},
    "a subject that is no number": lambda claims: {**claims, "sub": "olena"},
    "an unknown sign-in": lambda claims: {**claims, "sid": str(uuid.uuid4())},
    "a sign-in that is no id": lambda claims: {**claims, "sid": "x"},
    **{
        f"no {name}": (lambda claims, name=name: without(claims, name))
        for name in ("iss", "aud", "exp", "iat", "jti", "sub", "sid", "type")
    },
}


async def is_refused(house: House, forged: str, kind: str) -> bool:
    answer = await (house.me(forged) if kind == "access" else house.refresh(forged))
    return answer.status_code == 401 and answer.json()["code"] == "token_not_good"


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # of the forger's HS384
@pytest.mark.parametrize("kind", ["access", "refresh"])
async def test_forged_tokens_are_refused(house: House, kind: str):
    token = (await house.enter())[f"{kind}_token"]
    claims = claims_of(token)
    for name, forge in FORGERIES.items():
        assert await is_refused(house, forge(claims, house), kind), name
    for name, change in WRONG_CLAIMS.items():
        forged = jwt.encode(change(claims), house.keys.jwt_secret, "HS256")
        assert await is_refused(house, forged, kind), name
    honest = jwt.encode(claims, house.keys.jwt_secret, "HS256")
    assert not await is_refused(house, honest, kind)


async def test_damaged_tokens_are_refused(house: House):
    token = (await house.enter())["access_token"]
    head, body, signature = token.split(".")
    nested = base64.urlsafe_b64encode(b"[" * 3000).decode().rstrip("=")
    richer = {**claims_of(token), "sub": "1", "is_admin": True}
    other_body = base64.urlsafe_b64encode(json.dumps(richer).encode()).decode().rstrip("=")
    damaged = [
        token[:-1], token[:-10], head, f"{head}.{body}", f"{head}.{body}.",
        f"{head}.{other_body}.{signature}",
        f"{nested}.{body}.{signature}", "", ".", "..", "...", "x", "é", "a b", token + ".x",
    ]  # fmt: skip
    for forged in damaged:
        answer = await house.client.get(
            f"{API}/user/me", headers={"Authorization": f"Bearer {forged}".encode("latin-1")}
        )
        assert answer.status_code == 401, forged


async def test_without_a_token_the_answer_says_how_to_bring_one(house: House):
    answer = await house.client.get(f"{API}/user/me")
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_tokens_of_a_deleted_user_stop_at_once(house: House):
    tokens = await house.enter()
    await house.sql("UPDATE users SET deleted_at = now(), email = 'deleted_' || id || '@deleted.com'")
    assert (await house.me(tokens["access_token"])).status_code == 401
    assert (await house.refresh(tokens["refresh_token"])).status_code == 401


async def test_tokens_stop_when_the_row_of_the_user_is_gone(house: House):
    tokens = await house.enter()
    await house.sql("DELETE FROM users")
    assert (await house.me(tokens["access_token"])).status_code == 401
    assert (await house.refresh(tokens["refresh_token"])).status_code == 401


async def test_times_are_compared_by_the_clock_of_the_application(house: House):
    house.clock.now -= timedelta(days=400)
    tokens = await house.enter()
    assert (await house.me(tokens["access_token"])).status_code == 200
