"""The pipeline's progress for a person at a terminal; in a log, a line for each stage."""

from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tesigo.manuscript import Outline, PlannedSection, Section, Source
from tesigo.writing.stages import Stage

_STAGES = {
    Stage.BRIEF: "Understanding the brief",
    Stage.RESEARCH: "Gathering and ranking sources",
    Stage.OUTLINE: "Planning the outline",
    Stage.SECTIONS: "Writing sections",
    Stage.CHECK: "Checking every citation",
    Stage.ASSEMBLE: "Putting it together",
}


class ProgressBars:
    """A journal that shows what happens: a bar for each stage on a terminal, else plain lines.

    found: how many sources research gave. Nothing is shown when `console` is quiet, complaints excepted.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description:<30}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._sections = 1
        self._under_way: dict[str, str] = {}
        self.found = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish_stage()
        self._progress.stop()

    def reading(self, files: int) -> None:
        """Say that so many files are to be read."""
        self._start("Reading sources", files)

    def reading_file(self, file: Path) -> None:
        """Say that one more file is read."""
        self._advance()
        if self._task is not None:
            self._progress.update(self._task, description=f"Reading {file.name[:22]}")

    def exporting(self, files: int) -> None:
        """Say that so many files are to be written."""
        self._start("Setting pages", files)

    def exported(self) -> None:
        """Say that a file has been written."""
        self._advance()

    def complain(self, sentence: str) -> None:
        """Show what could not be used."""
        self._progress.console.print(
            f"! {sentence}", style="yellow", markup=False, highlight=False, soft_wrap=True
        )

    async def stage_started(self, stage: Stage) -> None:
        """Show the stage."""
        self._start(_STAGES[stage], 1)

    async def evidence_found(self, sources: tuple[Source, ...], warnings: tuple[str, ...]) -> None:
        """Show how many sources there are, and what went wrong."""
        self.found = len(sources)
        for warning in warnings:
            self.complain(warning)

    async def outline_ready(self, outline: Outline) -> None:
        """Remember how many sections there will be."""
        self._sections = sum(1 for _ in outline.walk())

    async def section_started(self, planned: PlannedSection) -> None:
        """Show that this section is being written."""
        self._under_way[planned.number] = planned.heading
        self._show_under_way()

    async def section_written(self, section: Section) -> None:
        """Show what is still being written, and that one more section is done."""
        self._under_way.pop(section.number, None)
        self._show_under_way()
        self._advance()

    async def warned(self, warning: str) -> None:
        """Show the warning."""
        self.complain(warning[0].upper() + warning[1:])

    def _show_under_way(self) -> None:
        """Name the section that has been under way longest, and say how many others are."""
        if self._task is not None:
            self._progress.update(self._task, total=self._sections)
            if self._under_way:
                heading, others = next(iter(self._under_way.values())), len(self._under_way) - 1
                description = f"Writing {heading[:17]} +{others}" if others else f"Writing {heading[:22]}"
                self._progress.update(self._task, description=description)

    def _start(self, description: str, total: int) -> None:
        self._finish_stage()
        self._task = self._progress.add_task(description, total=total)
        if not self._console.is_terminal:
            self._console.print(f"{description} …", highlight=False)

    def _advance(self) -> None:
        if self._task is not None:
            self._progress.advance(self._task)

    def _finish_stage(self) -> None:
        if self._task is not None:
            task = next(task for task in self._progress.tasks if task.id == self._task)
            self._progress.update(self._task, completed=task.total)
            self._task = None
