import asyncio
import json
import subprocess
import sys

from tesigo.kit import context


async def test_ids_never_pass_from_one_task_to_another():
    seen: dict[int, list[dict]] = {number: [] for number in range(50)}
    turn = asyncio.Barrier(50)

    async def work(number: int) -> None:
        with context.working_on(request_id=f"request-{number}"):
            context.note(user_id=number)
            await turn.wait()
            async with asyncio.TaskGroup() as group:
                group.create_task(inner(number))
            context.note(job_id=f"job-{number}")
            await turn.wait()
            seen[number].append(context.current())
        seen[number].append(context.current())

    async def inner(number: int) -> None:
        context.note(document_id=-number)
        await asyncio.sleep(0)
        seen[number].append(context.current())

    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(work(number))
    for number, (of_child, at_end, after) in seen.items():
        mine = {"request_id": f"request-{number}", "user_id": number}
        assert of_child == {**mine, "document_id": -number}
        assert at_end == {**mine, "job_id": f"job-{number}"}  # the child's ids were its own copy
        assert after == {}


def test_what_is_handed_out_cannot_be_used_to_change_the_ids():
    with context.working_on(user_id=1):
        context.current()["user_id"] = 2
        assert context.current() == {"user_id": 1}


LOGGING = """
import logging, structlog
from tesigo.kit.context import working_on
from tesigo.kit.log import configure_logs
configure_logs(json=True)
with working_on(request_id="r-1", user_id=7):
    structlog.get_logger("ours").info("job started", title="Щось\\nнове", user="x")
    logging.getLogger("theirs").warning("a library says %s", "so")
    try:
        1 / 0
    except ZeroDivisionError:
        structlog.get_logger("ours").exception("it failed")
structlog.get_logger("ours").info("after")
"""


def test_every_log_line_is_one_json_object_that_says_whose_work_it_was():
    ended = subprocess.run([sys.executable, "-c", LOGGING], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["job started", "a library says so", "it failed", "after"]
    assert all((line["request_id"], line["user_id"]) == ("r-1", 7) for line in lines[:3])
    assert "user_id" not in lines[3]
    assert lines[0]["title"] == "Щось\nнове"
    assert "ZeroDivisionError" in lines[2]["exception"]
    assert all({"timestamp", "level", "logger"} <= line.keys() for line in lines)
    assert ended.stdout == ""


def test_a_traceback_for_people_shows_no_values():
    code = LOGGING.replace("json=True", "json=False").replace("1 / 0", "key = 'hu' + 'sh'; 1 / 0")
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "ZeroDivisionError" in ended.stderr
    assert "hush" not in ended.stderr
