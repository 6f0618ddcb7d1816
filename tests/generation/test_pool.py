"""How many jobs a process runs at a time follows the queue: up at once, down after a while."""

import pytest

from tesigo.generation.pool import Pool, jobs_wanted


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("waiting", "wanted"), [(0, 2), (10, 2), (11, 5), (20, 5), (21, 10), (25, 10), (100_000, 10)]
)
def test_more_than_20_waiting_jobs_ask_for_all_more_than_10_for_half_and_fewer_for_the_least(waiting, wanted):
    assert jobs_wanted(waiting, least=2, most=10) == wanted


@pytest.mark.parametrize(("least", "most"), [(1, 1), (4, 5), (5, 5), (2, 3), (1, 100)])
def test_no_number_of_waiting_jobs_asks_for_less_than_the_least_or_more_than_the_most(least, most):
    wanted = [jobs_wanted(waiting, least=least, most=most) for waiting in range(30)]
    assert wanted == sorted(wanted)
    assert (wanted[0], wanted[-1]) == (least, most)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def pool(watch: Watch) -> Pool:
    return Pool(least=2, most=10, clock=watch, kept_s=5)


def test_a_pool_grows_as_soon_as_more_jobs_wait(pool):
    assert pool.size == 2
    pool.see(11)
    assert pool.size == 5
    pool.see(25)
    assert pool.size == 10


def test_jobs_just_taken_out_of_the_queue_do_not_shrink_it_before_all_have_begun(pool, watch):
    pool.see(25)
    for taken in range(1, 11):
        watch.now_s += 0.3
        pool.see(25 - taken)
        assert pool.size == 10


def test_it_shrinks_once_fewer_have_waited_for_some_seconds(pool, watch):
    pool.see(25)
    watch.now_s += 1
    pool.see(15)
    watch.now_s += 4
    pool.see(15)
    assert pool.size == 10
    watch.now_s += 0.1
    pool.see(3)
    assert pool.size == 5
    watch.now_s += 5.1
    pool.see(3)
    assert pool.size == 2


def test_a_queue_that_swings_keeps_the_pool_as_large_as_it_must_be(pool, watch):
    for _ in range(20):
        pool.see(25)
        watch.now_s += 2
        pool.see(0)
        watch.now_s += 2
        assert pool.size == 10


def test_while_nobody_can_look_at_the_queue_the_size_stays(pool, watch):
    pool.see(25)
    watch.now_s += 3600
    assert pool.size == 10
    pool.see(0)
    assert pool.size == 2


def test_what_it_remembers_does_not_grow_with_time(pool, watch):
    for _ in range(10_000):
        watch.now_s += 1
        pool.see(25)
    assert len(pool._seen) <= 7


def test_it_counts_the_jobs_that_run_also_when_they_fail(pool):
    def fail() -> None:
        with pool.running_one(), pool.running_one():
            assert pool.running == 2
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        fail()
    assert pool.running == 0
