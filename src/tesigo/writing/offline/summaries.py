"""Introduction, conclusion and abstract of the offline writer, computed from the sections that were written."""

from collections import Counter

from tesigo.manuscript import Citation, Section, SectionKind
from tesigo.manuscript.markdown import escape_markdown
from tesigo.writing.length import SHORT_PAGES
from tesigo.writing.offline import naming
from tesigo.writing.offline.choosing import Group, Strand
from tesigo.writing.offline.frame_choice import FrameChoice
from tesigo.writing.offline.paragraphs import ParagraphWriter
from tesigo.writing.offline.survey import ChapterView, Survey
from tesigo.writing.ports import SummaryTask

_KINDS = ("article", "conference", "book", "thesis", "report", "text", "other")
_NAMED = 3
_WORDS_FOR_SECTIONS = 80


def write_summary(task: SummaryTask, *, name: str) -> Section:
    """Return the introduction, the conclusion or the abstract of what was written."""
    writer = _Summary(Survey(task))
    citations: list[Citation] = []
    if task.planned.kind is SectionKind.INTRODUCTION:
        paragraphs, citations = writer.introduction()
    elif task.planned.kind is SectionKind.CONCLUSION:
        paragraphs = writer.conclusion()
    else:
        paragraphs = [writer.abstract()]
    planned = task.planned
    content = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return Section(planned.number, planned.heading, planned.kind, content, tuple(citations), written_by=name)


class _Summary:
    """Says what a survey found, in sentences that each carry a fact."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._task = survey.task
        self._wording = survey.wording
        self._choice = FrameChoice(survey.wording, 0)
        self._is_short = self._task.brief.pages < SHORT_PAGES
        self._subject = f"*{escape_markdown(self._task.brief.title)}*"

    def introduction(self) -> tuple[list[str], list[Citation]]:
        """Return what it is about, a few voices, how the sources were found and chosen, what each chapter does."""
        survey = self._survey
        scope = {"works": survey.works(len(survey.cited)), "subject": self._subject}
        opening = [self._say_of(len(survey.cited), "introduction", "scope", **scope)]
        voices: list[str] = []
        citations: list[Citation] = []
        if not self._is_short:
            opening.append(self._say("introduction", "question"))
            voices, citations = self._voices()
        route = [self._say("introduction", "route")]
        is_detailed = self._task.target_words > _WORDS_FOR_SECTIONS * len(survey.chapters)
        for chapter in survey.chapters:
            route += self._ahead(chapter, is_detailed=is_detailed)
        paragraphs = [
            " ".join(filter(None, opening)),
            *voices,
            self._how_found(),
            " ".join(filter(None, route)),
        ]
        return paragraphs, citations

    def conclusion(self) -> list[str]:
        """Return what the chapters showed, what they share, and what the sources leave open."""
        survey = self._survey
        counts = {
            "subject": self._subject,
            "chapters": self._wording.count(len(survey.chapters), "chapter"),
            "works": survey.works(len(survey.cited)),
            "quotations": self._wording.count(len(survey.citations), "quotation"),
        }
        showed = [self._say("conclusion", "opening", **counts)]
        showed += [self._behind(chapter) for chapter in survey.chapters if chapter.sources]
        shared = []
        common = [survey.wording.term(term) for term in survey.common_terms()[:5]]
        if len(common) > 1:
            few = self._wording.count(_NAMED, "chapter")
            shared.append(
                self._say("conclusion", "agreement", terms=self._wording.list_of(common), chapters=few)
            )
        if len(survey.cited) > 2 * _NAMED and not self._is_short:
            names = survey.names.list_fields(survey.most_cited[:_NAMED])
            shared.append(self._say("conclusion", "central", **names))
        return [
            " ".join(filter(None, part))
            for part in (showed, shared, [*self._gaps(), self._say("conclusion", "ending")])
        ]

    def abstract(self) -> str:
        """Return one paragraph on what the document covers and on what it rests."""
        survey = self._survey
        headings = [_named(chapter.planned.heading) for chapter in survey.chapters]
        terms = (
            []
            if self._is_short
            else [survey.wording.term(chapter.terms[0]) for chapter in survey.chapters if chapter.terms][:6]
        )
        role = "opening" if survey.years else "opening_undated"
        sentences = [
            self._say_of(len(survey.cited), "abstract", role,
                works=survey.works(len(survey.cited)), span=self._wording.span(survey.years), subject=self._subject,
            ),
            self._say(
                "abstract", "chapters",
                chapters=self._wording.count(len(headings), "chapter"), topics=self._wording.list_of(headings),
            ),
            self._say("abstract", "names", **survey.names.list_fields(survey.most_cited[:4])),
            self._say("abstract", "terms", terms=self._wording.list_of(terms)) if len(terms) > 1 else "",
            self._say("abstract", "method", quotations=self._wording.count(len(survey.citations), "quotation")),
        ]  # fmt: skip
        rare = survey.rare_title_word()
        if rare is not None:
            sentences.append(self._say("abstract", "gap", term=survey.wording.term(rare[0])))
        elif survey.abstracts_only():
            sentences.append(self._say("abstract", "gap_abstracts"))
        return " ".join(filter(None, sentences))

    def _voices(self) -> tuple[list[str], list[Citation]]:
        passages = self._task.passages
        if not passages:
            return [], []
        strands = tuple(Strand(self._survey.by_key[passage.source_key], (passage,)) for passage in passages)
        lead = self._say("introduction", "voice")
        paragraphs, citations = ParagraphWriter(
            self._wording, self._choice, self._survey.names, (), number=1
        ).write(Group("", strands))
        return [f"{lead} {paragraphs[0]}", *paragraphs[1:]], citations

    def _how_found(self) -> str:
        survey, wording = self._survey, self._wording
        considered, chosen = len(self._task.considered), len(survey.cited)
        if considered > chosen:
            sentences = [
                self._say_of(chosen, "introduction", "found_own",
                    considered=wording.count(considered, "source"), chosen=str(chosen),
                )
            ]  # fmt: skip
        else:
            sentences = [
                self._say_of(
                    considered,
                    "introduction",
                    "kept_all",
                    considered=wording.count(considered, "source"),
                )
            ]
        counts = Counter(naming.kind(source) for source in survey.cited)
        if set(counts) == {"other"}:
            counts = Counter(text=counts["other"])
        kinds = wording.list_of([wording.count(counts[kind], kind) for kind in _KINDS if counts[kind]])
        sentences.append(self._kinds(kinds))
        abstracts = survey.abstracts_only()
        if 0 < abstracts < chosen:
            sentences.append(
                self._say_of(abstracts, "introduction", "fulltext",
                    full=str(chosen - abstracts), abstracts=str(abstracts),
                )
            )  # fmt: skip
        else:
            role = "only_abstracts" if abstracts else "only_full"
            sentences.append(self._say_of(chosen, "introduction", role))
        if not self._is_short:
            sentences.append(self._say("introduction", "method"))
        return " ".join(filter(None, sentences))

    def _kinds(self, kinds: str) -> str:
        survey = self._survey
        years = survey.years if len(survey.years) == len(survey.cited) else []
        role = "kinds_undated" if not years else "kinds" if len(set(years)) > 1 else "kinds_one_year"
        fields = {"kinds": kinds, "span": self._wording.span(years), "year": str(max(years, default=""))}
        return self._say_of(len(survey.cited), "introduction", role, **fields)

    def _ahead(self, chapter: ChapterView, *, is_detailed: bool) -> list[str]:
        """Return what the introduction says of a chapter."""
        fields = {
            "heading": _named(chapter.planned.heading),
            **(self._wording.counted_works(len(chapter.sources)) if len(chapter.sources) > 2 else {}),
            **self._survey.names.list_fields(chapter.sources[:2]),
        }
        role = "chapters" if "works" in fields else "chapters_small"
        is_one = len(chapter.sources) == 1 and not self._survey.names.is_plural(chapter.sources[0])
        sentences = [self._say_of(1 if is_one else 2, "introduction", role, **fields)]
        if is_detailed and chapter.planned.children:
            topics = [_named(child.heading) for child in chapter.planned.children]
            sentences.append(self._say("introduction", "sections", topics=self._wording.list_of(topics)))
        return sentences

    def _behind(self, chapter: ChapterView) -> str:
        """Return what the conclusion says of a chapter."""
        terms = [self._wording.term(term) for term in chapter.terms[:_NAMED]]
        fields = {
            "heading": _named(chapter.planned.heading),
            **self._survey.names.list_fields(chapter.sources[:2]),
            "terms": self._wording.list_of(terms) if len(terms) > 1 else "",
        }
        is_one = len(chapter.sources) == 1 and not self._survey.names.is_plural(chapter.sources[0])
        role = "chapter" if fields["terms"] else "chapter_plain"
        return self._say_of(1 if is_one else 2, "conclusion", role, **fields)

    def _gaps(self) -> list[str]:
        """Return what the sources do not show, each point computed."""
        survey, wording = self._survey, self._wording
        whole = str(len(survey.cited))
        gaps = []
        rare = survey.rare_title_word()
        if rare is not None:
            gaps.append(
                self._say(
                    "conclusion",
                    "gap_title",
                    term=survey.wording.term(rare[0]),
                    part=str(rare[1]),
                    whole=whole,
                )
            )
        if len(survey.years) > _NAMED and not self._is_short:
            first, last = str(min(survey.years)), str(max(survey.years))
            role = "gap_years" if first != last else "gap_one_year"
            gaps.append(self._say("conclusion", role, first=first, last=last, year=first))
        abstracts = survey.abstracts_only()
        if abstracts:
            role = "gap_abstracts" if abstracts < len(survey.cited) else "gap_all_abstracts"
            gaps.append(self._say_of(abstracts, "conclusion", role, abstracts=str(abstracts), whole=whole))
        single = survey.single_voiced()
        if single:
            names = wording.list_of([_named(chapter.planned.heading) for chapter in single])
            gaps.append(self._say("conclusion", "gap_single", chapters=names))
        return gaps

    def _say(self, *path: str, **fields: str) -> str:
        return self._say_of(2, *path, **fields)

    def _say_of(self, number: int, *path: str, **fields: str) -> str:
        """Return a sentence of that role; the number of what it speaks of decides singular or plural."""
        return self._choice.say([self._wording.frames(*path)], fields, is_plural=number != 1)


def _named(heading: str) -> str:
    """Return a heading as it is named in a sentence."""
    return f"*{escape_markdown(heading)}*"
