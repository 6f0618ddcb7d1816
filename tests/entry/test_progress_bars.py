"""What a person at a terminal sees while sections are written side by side."""

import contextlib
import io

import pytest
from rich.console import Console
from tests.writing.plain_composer import outline_of

from tesigo.entry.progress_bars import ProgressBars
from tesigo.manuscript import PlannedSection, Section, SectionKind
from tesigo.writing.stages import Stage


class Stopped(Exception):
    """Ends the block, so that the last frame stays as it was."""


def section_of(planned: PlannedSection) -> Section:
    return Section(planned.number, planned.heading, SectionKind.BODY, "Text.", ())


@pytest.mark.parametrize(
    ("ended", "shown", "done"),
    [
        ((), "Writing Chapter 0 +2", "0/6"),
        ((1,), "Writing Chapter 0 +1", "1/6"),
        ((0,), "Writing Chapter 1 +1", "1/6"),
        ((2, 0), "Writing Chapter 1", "2/6"),
        ((2, 1, 0), "Writing Chapter 0", "3/6"),
    ],
)
async def test_the_bar_names_the_section_that_is_under_way_longest_and_counts_those_that_are_done(
    ended: tuple[int, ...], shown: str, done: str
) -> None:
    screen = io.StringIO()
    bars = ProgressBars(Console(file=screen, force_terminal=True, color_system=None, width=120))
    outline = outline_of(3)
    body = [planned for planned in outline.walk() if planned.kind is SectionKind.BODY]
    with contextlib.suppress(Stopped), bars:
        await bars.outline_ready(outline)
        await bars.stage_started(Stage.SECTIONS)
        for planned in body:
            await bars.section_started(planned)
        for place in ended:
            await bars.section_written(section_of(body[place]))
        raise Stopped
    last_frame = [line for line in screen.getvalue().splitlines() if "Writing" in line][-1]
    assert f"{shown} " in last_frame
    assert done in last_frame
    assert ("+" in last_frame) == ("+" in shown)


async def test_in_a_log_there_is_one_line_for_all_sections() -> None:
    log = io.StringIO()
    bars = ProgressBars(Console(file=log, width=120))
    outline = outline_of(3)
    with bars:
        await bars.outline_ready(outline)
        await bars.stage_started(Stage.SECTIONS)
        for planned in outline.walk():
            await bars.section_started(planned)
            await bars.section_written(section_of(planned))
    assert log.getvalue().splitlines() == ["Writing sections …"]
