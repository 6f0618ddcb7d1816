from datetime import UTC, datetime, timedelta

from tesigo.generation.deadlines import priority_of
from tesigo.generation.progress import progress_at, progress_of_sections
from tesigo.writing.stages import Stage

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_the_short_go_before_the_long_premium_before_others_and_the_waiting_before_the_new():
    def priority(pages: int, *, is_premium: bool = False, waited: timedelta = timedelta(0)) -> int:
        return priority_of(pages, is_premium=is_premium, now=NOW - waited)

    assert priority(5) > priority(6) > priority(200)
    assert priority(200, is_premium=True) > priority(5)
    assert priority(5, is_premium=True) > priority(200, is_premium=True)
    assert priority(200, waited=timedelta(hours=3)) > priority(5, is_premium=True)
    for year in (2026, 2093):
        assert all(
            -(2**31) <= priority_of(pages, is_premium=False, now=NOW.replace(year=year)) < 2**31
            for pages in (5, 200)
        )


def test_progress_rises_with_the_stages_and_with_each_section():
    reached = [progress_at(stage) for stage in Stage]
    assert reached == sorted(set(reached))
    sections = [progress_of_sections(done, 40) for done in range(41)]
    assert sections == sorted(sections)
    assert progress_at(Stage.SECTIONS) == sections[0]
    assert sections[-1] == progress_at(Stage.CHECK)
