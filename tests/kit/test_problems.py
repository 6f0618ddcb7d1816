import json

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict

from tesigo.kit import errors
from tesigo.kit.problems import install_problems
from tesigo.kit.request_limits import RequestLog

FAILURES = [
    (errors.NotFound("gone"), 404, "not_found"),
    (errors.NotSignedIn("who?"), 401, "not_signed_in"),
    (errors.Forbidden("no"), 403, "forbidden"),
    (errors.Conflict("later"), 409, "conflict"),
    (errors.TooLarge("big"), 413, "too_large"),
    (errors.UnsupportedKind("odd"), 415, "unsupported_kind"),
    (errors.LimitReached("enough", retry_after_s=61.4), 429, "limit_reached"),
    (errors.Unavailable("away"), 503, "unavailable"),
    (errors.Invalid("wrong"), 400, "invalid"),
    (errors.Conflict("named", code="job_runs"), 409, "job_runs"),
    (errors.Failure("of no kind"), 500, "failure"),
    (errors.Conflict("older", code="outdated", extensions={"newest": 7, "status": 1}), 409, "outdated"),
]


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pages: int


@pytest.fixture
async def client():
    app = FastAPI()
    install_problems(app)
    app.add_middleware(RequestLog)

    @app.get("/raise/{number}")
    async def fail(number: int) -> None:
        raise FAILURES[number][0]

    @app.get("/fields")
    async def fields() -> None:
        raise errors.Invalid("two rules", fields=[("title", "too short"), ("pages", "too many")])

    @app.get("/unforeseen")
    async def unforeseen() -> None:
        raise RuntimeError("postgresql://tesigo:hush@db/tesigo at /srv/tesigo/app.py")

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418)

    @app.post("/wanted")
    async def wanted(body: Wanted) -> int:
        return body.pages

    transport = httpx.ASGITransport(app)  # an exception that got past us would be raised here
    async with httpx.AsyncClient(transport=transport, base_url="http://tesigo") as client:
        yield client


def check(answer: httpx.Response, status: int, code: str) -> dict:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize("number", range(len(FAILURES)))
async def test_every_kind_of_failure_answers_its_status_and_code(client, number):
    failure, status, code = FAILURES[number]
    answer = await client.get(f"/raise/{number}")
    assert check(answer, status, code)["detail"] == failure.message


async def test_a_limit_says_when_to_come_again_and_a_refused_token_how_to_sign_in(client):
    numbers = {code: number for number, (_, _, code) in enumerate(FAILURES)}
    limited = await client.get(f"/raise/{numbers['limit_reached']}")
    assert limited.headers["retry-after"] == "62"  # rounded down, it would be too soon
    unknown = await client.get(f"/raise/{numbers['not_signed_in']}")
    assert unknown.headers["www-authenticate"] == "Bearer"


async def test_what_a_program_needs_to_go_on_stands_beside_the_code_and_hides_no_member(client):
    numbers = {code: number for number, (_, _, code) in enumerate(FAILURES)}
    told = check(await client.get(f"/raise/{numbers['outdated']}"), 409, "outdated")
    assert told["newest"] == 7


async def test_invalid_input_lists_each_broken_rule(client):
    problem = check(await client.get("/fields"), 400, "invalid")
    assert problem["errors"] == [
        {"loc": "title", "msg": "too short"},
        {"loc": "pages", "msg": "too many"},
    ]
    problem = check(await client.post("/wanted", json={"pages": "x", "more": 1}), 422, "invalid_request")
    assert {rule["loc"] for rule in problem["errors"]} == {"body.pages", "body.more"}


async def test_an_unforeseen_exception_tells_nothing_of_the_inside_and_carries_the_requests_id(client):
    answer = await client.get("/unforeseen")
    check(answer, 500, "internal_error")
    assert "hush" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("DELETE", "/wanted", 405, "method_not_allowed"),
        ("GET", "/teapot", 418, "i'm_a_teapot"),
        ("GET", "/raise/x", 422, "invalid_request"),
    ],
)
async def test_what_the_framework_refuses_is_a_problem_too(client, method, path, status, code):
    check(await client.request(method, path), status, code)


async def test_a_name_with_half_a_surrogate_pair_is_answered_not_stumbled_on(client):
    headers = {"content-type": "application/json"}
    answer = await client.post("/wanted", content=rb'{"pages": 1, "\ud800": 1}', headers=headers)
    check(answer, 422, "invalid_request")


async def test_the_answer_to_a_hostile_body_stays_small(client):
    body = {"x" * 50_000: 1, **{f"unknown{number}": 1 for number in range(20_000)}}
    answer = await client.post("/wanted", json=body)
    check(answer, 422, "invalid_request")
    assert len(answer.content) < 50_000


async def test_each_answer_has_an_id_of_its_own_whatever_the_client_says(client):
    answers = [await client.get("/nowhere", headers={"x-request-id": "mine"}) for _ in range(2)]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert "mine" not in ids
    assert json.dumps(sorted(ids))
