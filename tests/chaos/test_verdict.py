"""A call is explained by what was done to its worker, however slow the machine is, and by nothing else."""

from tests.chaos.crew import KILL, PAUSE, Blow
from tests.chaos.model import Call
from tests.chaos.verdict import Repeats, Seen, explain_repeats

ONE, TWO = "worker-1", "worker-2"


def call(worker: str, section: str, began: float, ended: float | None) -> Call:
    return Call(worker, 7, "mine", section, began, ended)


def judge(calls: list[Call], blow: Blow, written: list[tuple[str, float, str]]) -> Repeats:
    """Judge calls for one document; written: (section, when, by whom)."""
    writes = [
        {"document_id": 7, "number": number, "what": "written", "at": at, "worker": worker}
        for number, at, worker in written
    ]
    return explain_repeats(calls, Seen([], [], writes, [], [], 0), [blow], {7: "mine"})


def test_what_a_starved_worker_did_not_record_before_it_was_killed_was_in_flight():
    calls = [call(ONE, "1", 1, 2), call(TWO, "1", 61, 62)]
    judged = judge(calls, Blow(KILL, ONE, 60), [("1", 63, TWO)])
    assert (judged.by_reason, judged.faults) == ({KILL: 1}, [])


def test_what_a_worker_did_not_record_though_it_recorded_later_answers_is_a_fault():
    calls = [call(ONE, "1", 1, 2), call(ONE, "2", 3, 4), call(TWO, "1", 61, 62)]
    judged = judge(calls, Blow(KILL, ONE, 60), [("2", 20, ONE), ("1", 63, TWO)])
    assert len(judged.faults) == 1


def test_what_a_worker_did_not_record_before_somebody_else_did_is_a_fault():
    calls = [call(ONE, "1", 1, 2), call(TWO, "1", 21, 22)]
    assert len(judge(calls, Blow(KILL, ONE, 60), [("1", 23, TWO)]).faults) == 1


def test_a_starved_worker_notices_late_that_it_was_replaced_while_it_was_paused():
    calls = [call(ONE, "1", 1, 2), call(TWO, "2", 11, 12), call(ONE, "2", 40, None)]
    judged = judge(calls, Blow(PAUSE, ONE, 5, 20), [("1", 3, ONE), ("2", 13, TWO)])
    assert judged.faults == []
    assert sum(judged.by_reason.values()) == 1


def test_a_worker_that_goes_on_after_it_must_have_noticed_is_a_fault():
    calls = [
        call(ONE, "1", 1, 2), call(TWO, "2", 11, 12), call(TWO, "3", 14, 15),
        call(ONE, "2", 21, 22), call(ONE, "3", 40, None),
    ]  # fmt: skip
    judged = judge(calls, Blow(PAUSE, ONE, 5, 20), [("1", 3, ONE), ("2", 13, TWO), ("3", 16, TWO)])
    assert len(judged.faults) == 1


def test_a_pause_explains_nothing_of_a_document_that_was_begun_after_it():
    calls = [call(ONE, "1", 40, None), call(ONE, "1", 42, 43)]
    assert len(judge(calls, Blow(PAUSE, ONE, 5, 20), [("1", 44, ONE)]).faults) == 1
