"""A question is answered whatever happens on the way, and everything that it costs is accounted for."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from tests.fakes.scripted_provider import RememberingAccount, ScriptedProvider
from tests.fakes.timer import FakeTimer
from tests.gateway.conftest import FIRST, PROMPT, SECOND, THIRD, Desk

from tesigo.gateway.attempt import TimeLimits
from tesigo.gateway.errors import (
    CallRefused,
    NoModelAnswers,
    NoUsableAnswer,
    ProviderFails,
    RateLimited,
    TokenLimitReached,
    Trouble,
    UnusableReply,
)
from tesigo.gateway.gateway import GatewayRules, ModelNotAvailable
from tesigo.gateway.persistence import RetryRules
from tesigo.gateway.ports import Allowance, Ended, Finish, Opened, Outcome, Piece, Usage


def fails(trouble: Trouble = Trouble.SERVER_ERROR, retry_after_s: float | None = None) -> ProviderFails:
    return ProviderFails(f"it fails: {trouble}", trouble, retry_after_s=retry_after_s)


def limited(retry_after_s: float | None = None) -> RateLimited:
    return RateLimited("slowly", retry_after_s=retry_after_s)


def cut(text: str, usage: Usage | None = None) -> list[object]:
    return [Opened(Allowance()), Piece(text), Ended(Finish.LENGTH, usage or Usage(100, 20))]


async def test_two_429s_then_an_answer_with_pauses_of_two_and_four_seconds() -> None:
    desk = Desk(ScriptedProvider(limited(), limited(), "It is so."))
    assert await desk.ask() == "It is so."
    assert desk.timer.slept == [2, 4]


async def test_a_pause_grows_by_ten_percent_at_most_and_never_shrinks() -> None:
    pauses = []
    for _ in range(50):
        desk = Desk(ScriptedProvider(limited(), "It is so."), jitter=0.1)
        desk.gateway._dice.seed(len(pauses))
        await desk.ask()
        pauses += desk.timer.slept
    assert 2 <= min(pauses) < 2.05
    assert 2.15 < max(pauses) <= 2.2


async def test_a_longer_retry_after_is_obeyed_and_a_shorter_one_does_not_hurry() -> None:
    desk = Desk(ScriptedProvider(limited(9.0), fails(retry_after_s=0.5), "It is so."))
    await desk.ask()
    assert [pause for pause in desk.timer.slept if pause in (9.0, 4)] == [9.0, 4]


async def test_a_pause_that_is_too_long_to_wait_for_leads_to_the_fallback_at_once() -> None:
    desk = Desk(ScriptedProvider(limited(600), choose=answer_of({SECOND: "From the second."})))
    assert await desk.ask(FIRST) == "From the second."
    assert desk.timer.slept == []


def answer_of(answers: dict[str, object]) -> Callable[..., object]:
    """Answer for the models that are named; the others go by the script."""
    return lambda model: answers.get(model.full_name)


async def test_after_three_failures_of_a_model_the_next_one_answers() -> None:
    desk = Desk(ScriptedProvider(choose=answer_of({FIRST: fails(), SECOND: "From the second."})))
    reply = await desk.model(FIRST).ask(PROMPT, str, product="2.1")
    assert (reply.value, reply.model) == ("From the second.", SECOND)
    assert [name for name, _ in desk.provider.asked] == [FIRST] * 3 + [SECOND]
    assert desk.timer.slept == [2, 4]


async def test_fallbacks_are_tried_in_their_order_and_only_where_a_key_is_set() -> None:
    openai, anthropic = ScriptedProvider(otherwise=fails()), ScriptedProvider(otherwise="From the third.")
    desk = Desk(openai, other=anthropic)
    assert await desk.ask(FIRST) == "From the third."
    assert [name for name, _ in openai.asked + anthropic.asked] == [FIRST] * 3 + [SECOND] * 3 + [THIRD]
    with pytest.raises(NoModelAnswers):
        await Desk(ScriptedProvider(otherwise=fails())).ask(FIRST)
    with pytest.raises(ModelNotAvailable):
        Desk(ScriptedProvider()).model(THIRD)


@pytest.mark.parametrize("code", ["400", "401", "404"])
async def test_what_is_refused_is_not_tried_again(code: str) -> None:
    desk = Desk(ScriptedProvider(otherwise=CallRefused(f"answered {code}")))
    with pytest.raises(CallRefused):
        await desk.ask()
    assert len(desk.provider.asked) == 1
    assert desk.timer.slept == []


async def test_what_one_model_refuses_another_may_take() -> None:
    desk = Desk(
        ScriptedProvider(choose=answer_of({FIRST: CallRefused("answered 400"), SECOND: "I take it."}))
    )
    assert await desk.ask(FIRST) == "I take it."
    assert [name for name, _ in desk.provider.asked] == [FIRST, SECOND]
    refused = Desk(ScriptedProvider(otherwise=CallRefused("answered 401")))
    with pytest.raises(CallRefused, match="answered 401"):
        await refused.ask(FIRST)


async def test_a_dead_provider_costs_three_attempts_a_model_and_then_none_while_the_breaker_is_open() -> None:
    desk = Desk(ScriptedProvider(otherwise=fails()))
    with pytest.raises(NoModelAnswers) as first:
        await desk.ask(FIRST)
    assert len(desk.provider.asked) == 6
    assert first.value.retry_after_s > 0
    with pytest.raises(NoModelAnswers):
        await desk.ask(FIRST)
    assert len(desk.provider.asked) == 10, "each breaker opens at its fifth failure"
    with pytest.raises(NoModelAnswers) as open_:
        await desk.ask(FIRST)
    assert len(desk.provider.asked) == 10
    assert 0 < open_.value.retry_after_s <= 60
    desk.timer.move(61)
    desk.provider._otherwise = "Back again."
    assert await desk.ask(FIRST) == "Back again."


async def test_the_last_model_that_asks_for_patience_is_waited_for_through_all_delays() -> None:
    desk = Desk(ScriptedProvider(*[limited() for _ in range(5)], "At last."))
    assert await desk.ask() == "At last."
    assert desk.timer.slept == [2, 4, 8, 16, 32]
    with pytest.raises(NoModelAnswers):
        await Desk(ScriptedProvider(otherwise=limited())).ask()


async def test_429s_do_not_open_the_breaker() -> None:
    desk = Desk(ScriptedProvider(*[limited() for _ in range(12)], otherwise="It is so."))
    for _ in range(2):
        with pytest.raises(NoModelAnswers):
            await desk.ask()
    assert await desk.ask() == "It is so."


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        ([Opened(Allowance()), Piece("It is"), fails(Trouble.CUT_STREAM)], Trouble.CUT_STREAM),
        ([Opened(Allowance()), Piece("It is")], Trouble.CUT_STREAM),
        ([Opened(Allowance()), Ended(Finish.STOP, Usage(100, 0))], Trouble.EMPTY),
        ([Opened(Allowance()), Piece(" \n"), Ended(Finish.STOP, None)], Trouble.EMPTY),
        ([Opened(Allowance()), fails(Trouble.MALFORMED)], Trouble.MALFORMED),
    ],
)
async def test_half_an_answer_is_never_taken_for_a_whole_one(script: list[object], trouble: Trouble) -> None:
    desk = Desk(ScriptedProvider(script, "It is so."))
    assert await desk.ask() == "It is so."
    assert desk.gateway.measured()[0].attempts == {trouble: 1, "answered": 1}


async def test_an_answer_that_was_cut_off_is_gone_on_with_after_its_last_whole_word() -> None:
    desk = Desk(ScriptedProvider(cut("The harvest of the ye"), cut("year was "), "good."))
    assert await desk.ask() == "The harvest of the year was good."
    first, second, third = (prompt for _, prompt in desk.provider.asked)
    assert first == PROMPT
    assert second.messages[-2].text == "The harvest of the"
    assert third.messages[-2].text == "The harvest of the year was"
    assert [outcome for _, _, outcome in desk.account.spent] == [Outcome.USED] * 3


async def test_a_failure_while_going_on_loses_nothing_of_what_was_answered() -> None:
    desk = Desk(ScriptedProvider(cut("The harvest "), fails(), "was good."))
    assert await desk.ask() == "The harvest was good."


async def test_an_answer_without_end_is_reported_and_not_taken_for_whole() -> None:
    desk = Desk(ScriptedProvider(otherwise=None, choose=lambda _: cut("More and more ")), continuations=2)
    with pytest.raises(NoUsableAnswer):
        await desk.ask()
    assert len(desk.provider.asked) == 3, "it was gone on with twice, and is not begun anew"
    assert {outcome for _, _, outcome in desk.account.spent} == {Outcome.WASTED}


async def test_an_answer_that_is_gone_on_with_keeps_the_room_that_it_was_given() -> None:
    begun = cut("")
    desk = Desk(ScriptedProvider(begun, cut("The harvest "), "was good."))
    assert await desk.ask() == "The harvest was good."
    assert [prompt.most_tokens for _, prompt in desk.provider.asked] == [500, 1_000, 1_000]


async def test_a_record_that_was_cut_off_is_asked_for_again_with_more_room() -> None:
    desk = Desk(ScriptedProvider(cut('{"a": '), cut('{"a": '), '{"a": 1}'))
    assert await desk.ask(prompt=replace(PROMPT, schema={"type": "object"})) == '{"a": 1}'
    assert [prompt.most_tokens for _, prompt in desk.provider.asked] == [500, 1_000, 2_000]


async def test_an_unusable_answer_is_mended_once_by_the_reason_and_then_asked_for_anew() -> None:
    def read(text: str) -> str:
        if text != "good":
            raise UnusableReply(f"“{text}” is not good")
        return text

    desk = Desk(ScriptedProvider("bad", "worse", "good"))
    reply = await desk.model().ask(PROMPT, read, product="2.1")
    assert reply.value == "good"
    first, mended, anew = (prompt for _, prompt in desk.provider.asked)
    assert [message.role for message in mended.messages] == ["user", "assistant", "user"]
    assert "“bad” is not good" in mended.messages[-1].text
    assert first == anew == PROMPT
    assert desk.timer.slept == []
    assert [outcome for _, _, outcome in desk.account.spent] == ["wasted", "wasted", "used"]


async def test_answers_that_stay_unusable_end_the_question_and_are_not_asked_for_for_ever() -> None:
    def read(text: str) -> str:
        raise UnusableReply("never good enough")

    desk = Desk(ScriptedProvider())
    with pytest.raises(NoUsableAnswer):
        await desk.model(FIRST).ask(PROMPT, read, product="2.1")
    assert len(desk.provider.asked) == 6


async def test_a_model_that_declines_is_not_pressed_and_its_fallback_is_asked() -> None:
    declined = [Opened(Allowance()), Piece("I will not"), Ended(Finish.REFUSED, Usage(100, 5))]
    desk = Desk(ScriptedProvider(choose=answer_of({FIRST: declined, SECOND: "I will."})))
    assert await desk.ask(FIRST) == "I will."
    assert desk.gateway.measured()[0].attempts == {"declined": 1}


@pytest.mark.parametrize("before", [(), (Opened(Allowance()),), (Opened(Allowance()), Piece("It "))])
async def test_a_provider_that_falls_silent_is_given_up_in_time(before: tuple[object, ...]) -> None:
    rules = GatewayRules(
        retries=RetryRules(jitter=0, failures_per_model=1), times=TimeLimits(first_token_s=0.05, total_s=0.1)
    )
    desk = Desk(ScriptedProvider([*before, asyncio.Event()]), rules=rules)
    with pytest.raises(NoModelAnswers, match="took too long"):
        await desk.ask()
    [(_, usage, outcome)] = desk.account.spent
    assert outcome is Outcome.WASTED
    assert usage.is_estimated
    assert usage.prompt_tokens > 0, "what it read may be billed"
    assert (usage.completion_tokens > 0) == (len(before) == 2)


async def test_what_a_cancelled_call_used_is_accounted_for() -> None:
    desk = Desk(ScriptedProvider([Opened(Allowance()), Piece("It is "), asyncio.Event()]))
    asking = asyncio.create_task(desk.ask())
    while not desk.provider.at_work:  # noqa: ASYNC110 - the fake has nobody to tell
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert desk.account.open == []
    assert desk.account.tokens(Outcome.WASTED) > 0
    assert desk.provider.at_work == 0
    assert desk.gateway.measured()[0].at_work == 0


async def test_a_call_that_used_nothing_is_given_back() -> None:
    desk = Desk(ScriptedProvider(limited(), fails(), "It is so.", usage=Usage(100, 20)))
    await desk.ask()
    assert len(desk.account.released) == 2
    assert desk.account.tokens(Outcome.USED) == 120
    assert desk.account.tokens(Outcome.WASTED) == 0
    assert desk.account.open == []


async def test_usage_that_a_provider_does_not_tell_is_estimated_and_marked() -> None:
    untold = [Opened(Allowance()), Piece("word " * 100), Ended(Finish.STOP, None)]
    desk = Desk(ScriptedProvider(untold))
    await desk.ask()
    [(call, usage, _)] = desk.account.spent
    assert usage == Usage(usage.prompt_tokens, 125, is_estimated=True)
    assert 0 < usage.prompt_tokens < call.most.prompt_tokens
    assert (call.product, call.model, call.prompt) == ("2.1", SECOND, "made/1")


async def test_a_count_that_no_call_can_reach_is_taken_for_the_most_that_it_can() -> None:
    absurd = [Opened(Allowance()), Piece("It is so."), Ended(Finish.STOP, Usage(10**20, 3))]
    desk = Desk(ScriptedProvider(absurd))
    await desk.ask()
    [(call, usage, _)] = desk.account.spent
    assert usage == call.most
    assert usage.is_estimated


async def test_answers_of_nothing_end_the_question_and_open_no_breaker_for_others() -> None:
    nothing = [Opened(Allowance()), Ended(Finish.STOP, Usage(100, 0))]
    desk = Desk(ScriptedProvider(choose=lambda _: nothing))
    for _ in range(3):
        with pytest.raises(NoUsableAnswer):
            await desk.ask()
    assert desk.gateway.measured()[0].breaker == "closed"


async def test_after_a_long_retry_after_the_next_job_goes_to_the_fallback_at_once() -> None:
    desk = Desk(ScriptedProvider(limited(86_400), choose=answer_of({SECOND: "From the second."})))
    assert await desk.ask(FIRST) == "From the second."
    assert (await desk.model(FIRST, job="next").ask(PROMPT, str, product="1")).value == "From the second."
    assert [name for name, _ in desk.provider.asked] == [FIRST, SECOND, SECOND]
    assert desk.account.open == []


async def test_whoever_waits_for_tokens_takes_no_turn_from_others() -> None:
    desk = Desk(ScriptedProvider(), rules=GatewayRules(most_at_once=1))
    poor = RememberingAccount(gate=asyncio.Event())
    waiting = asyncio.create_task(
        desk.gateway.model(SECOND, account=poor, job="poor").ask(PROMPT, str, product="1")
    )
    await asyncio.sleep(0)
    assert await desk.ask() == "An answer."
    poor.gate.set()
    assert (await waiting).value == "An answer."


async def test_a_call_that_is_cancelled_while_it_waits_for_its_turn_used_nothing() -> None:
    gate = asyncio.Event()
    desk = Desk(ScriptedProvider(gate=gate), rules=GatewayRules(most_at_once=1))
    first = asyncio.create_task(desk.ask())
    second = asyncio.create_task(desk.ask())
    await asyncio.sleep(0.01)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.set()
    await first
    assert [usage.tokens for _, usage, _ in desk.account.spent] == [0, 120]
    assert desk.account.open == []


async def test_nothing_is_called_when_the_budget_is_used_up() -> None:
    desk = Desk(ScriptedProvider())
    desk.account.refuse = TokenLimitReached("Enough.", retry_after_s=60)
    with pytest.raises(TokenLimitReached):
        await desk.ask(FIRST)
    assert desk.provider.asked == []


async def test_what_a_model_cannot_take_in_is_not_sent_to_it() -> None:
    long = replace(PROMPT, system="word " * 20_000)
    desk = Desk(ScriptedProvider())
    with pytest.raises(CallRefused, match="16,000 tokens"):
        await desk.ask(prompt=long)
    assert desk.provider.asked == []


async def test_every_attempt_is_logged_with_its_reason_and_no_text_in_it() -> None:
    desk = Desk(ScriptedProvider(limited(), fails(Trouble.OVERLOADED), "A secret answer."))
    with capture_logs() as logs:
        await desk.ask()
    assert [(line.get("trouble"), line.get("again_in_s")) for line in logs if "trouble" in line] == [
        ("rate_limited", 2),
        ("overloaded", 4),
    ]
    assert "secret" not in str(logs)
    assert "What is it?" not in str(logs)


async def test_texts_are_logged_only_where_that_is_switched_on() -> None:
    desk = Desk(ScriptedProvider("A secret answer."), logs_texts=True)
    with capture_logs() as logs:
        await desk.ask()
    assert "secret" in str(logs)
    assert "What is it?" in str(logs)


async def test_a_thousand_questions_at_once_all_get_their_answers() -> None:
    desk = Desk(ScriptedProvider(*([limited(), fails(), "Yes."] * 50)), timer=FakeTimer())
    answers = await asyncio.gather(
        *(desk.model(job=str(number % 20)).ask(PROMPT, str, product="1") for number in range(1_000))
    )
    assert len(answers) == 1_000
    assert desk.account.open == []
    assert desk.provider.most_at_work <= 64
