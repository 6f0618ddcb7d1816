"""Rules in many words and three languages: what they ask is understood, and nothing that they do not ask."""

from typing import Any

import pytest

from tesigo.intake.requirements.reading import understand_requirements
from tesigo.intake.requirements.values import plain_value


def understood(text: str) -> dict[str, Any]:
    return {name: plain_value(demand.value) for name, demand in understand_requirements(text).understood()}


def sides(top: float, right: float, bottom: float, left: float) -> dict[str, float]:
    return {"top": top, "right": right, "bottom": bottom, "left": left}


def between(least: float, most: float) -> dict[str, float]:
    return {"least": least, "most": most}


ENGLISH: list[tuple[str, dict[str, Any]]] = [
    ("The thesis must be printed on A4 paper.", {"paper": "A4"}),
    ("Use US Letter paper (8.5 x 11 inches).", {"paper": "US Letter"}),
    ("Margins: 1 inch on all sides.", {"margins_mm": sides(25.4, 25.4, 25.4, 25.4)}),
    ("All margins must be 2.5 cm.", {"margins_mm": sides(25, 25, 25, 25)}),
    ("Set 2.5 cm margins.", {"margins_mm": sides(25, 25, 25, 25)}),
    ("Left margin 3 cm, right margin 2 cm, top and bottom 2.5 cm.", {"margins_mm": sides(25, 20, 25, 30)}),
    ("Margins: 3 cm left, 2 cm right, 2.5 cm top and bottom.", {"margins_mm": sides(25, 20, 25, 30)}),
    (
        "A left margin of 35 mm is required for binding; the other margins should be 25 mm.",
        {"margins_mm": sides(25, 25, 25, 35)},
    ),
    ("Margins of 1\" on all sides except the left, which is 1.5\".", {"margins_mm": sides(25.4, 25.4, 25.4, 38.1)}),
    ("The left margin must be at least 30 mm.", {"margins_mm": {"left": 30}}),
    ("Use Times New Roman or Arial.", {"fonts": ["Times New Roman", "Arial"]}),
    ("Font: Georgia, size 11.", {"fonts": ["Georgia"], "size_pt": 11}),
    ("Text must be typed in 12-point Times New Roman.", {"fonts": ["Times New Roman"], "size_pt": 12}),
    ("Times New Roman 12 for the main text and 10 pt for footnotes.", {
        "fonts": ["Times New Roman"], "size_pt": 12, "footnote_pt": 10,
    }),
    ("Headings are set in Arial 16 pt, the body text in Cambria 11 pt.", {"fonts": ["Cambria"], "size_pt": 11}),
    ("Do not use Comic Sans; use Calibri.", {"fonts": ["Calibri"]}),
    ("Use Garamond instead of Times New Roman.", {"fonts": ["Garamond"]}),
    ("Fonts such as Verdana are not allowed.", {}),
    ("The text must be double-spaced.", {"line_spacing": 2}),
    ("Line spacing: 1.5", {"line_spacing": 1.5}),
    ("Line spacing should be one and a half.", {"line_spacing": 1.5}),
    ("Use one-and-a-half line spacing.", {"line_spacing": 1.5}),
    ("The body must be 1.5-spaced, footnotes single-spaced.", {"line_spacing": 1.5}),
    ("Footnotes and block quotations are single-spaced.", {}),
    ("The text should not be double-spaced.", {}),
    ("Indent the first line of each paragraph by 0.5 inch.", {"indent_mm": 12.7}),
    ("First-line indent: 1.25 cm", {"indent_mm": 12.5}),
    ("References use a hanging indent of 0.5 in.", {}),
    ("Text should be fully justified.", {"is_justified": True}),
    ("Text must be left-aligned, not justified.", {"is_justified": False}),
    ("Page numbers are placed at the top right.", {"page_number_at": "top right"}),
    ("Number all pages in the centre of the footer, except the title page.", {"page_number_at": "bottom centre"}),
    ("The thesis should be between 60 and 80 pages long.", {"pages": between(60, 80)}),
    ("Length: 40–60 pages", {"pages": between(40, 60)}),
    ("The paper must not exceed 25 pages.", {"pages": {"most": 25}}),
    ("The dissertation has a minimum of 50 pages.", {"pages": {"least": 50}}),
    ("Your thesis should have at least 40 but no more than 60 pages.", {"pages": between(40, 60)}),
    ("The thesis should be 20,000 to 25,000 words.", {"words": between(20_000, 25_000)}),
    ("Word limit: 12 000 words, excluding appendices", {"words": {"most": 12_000}}),
    ("The abstract must not exceed 250 words.", {"abstract_words": {"most": 250}}),
    ("Each chapter should have at least 10 pages.", {}),
    ("A minimum of 30 references is required.", {"sources": {"least": 30}}),
    ("Use at least twenty scholarly sources, published within the last five years.", {
        "sources": {"least": 20}, "source_age_years": {"most": 5},
    }),
    ("Sources should be no older than 10 years.", {"source_age_years": {"most": 10}}),
    ("References must follow the APA style (7th edition).", {"citation_styles": ["apa"]}),
    ("Cite your sources in MLA or Chicago style.", {"citation_styles": ["mla", "chicago"]}),
    ("Please use the Harvard referencing system.", {"citation_styles": ["harvard"]}),
    ("Students at Harvard cite many sources.", {}),
    ("Do not use the Vancouver style; citations follow IEEE.", {"citation_styles": ["ieee"]}),
    ("The thesis must be written in English.", {"languages": ["en"]}),
    ("The abstract must be written in English.", {}),
    ("The work may be written in Italian or in English; others require permission.", {"languages": ["it", "en"]}),
    ("The thesis should be written in Italian or English.", {"languages": ["it", "en"]}),
    ("Do not cite Wikipedia or blogs.", {"not_cited": ["Wikipedia", "blogs"]}),
    ("The thesis must be submitted as a PDF file of at most 20 MB.", {
        "file_formats": ["PDF"], "file_mb": {"most": 20},
    }),
    (
        "The thesis must contain the following parts: title page, abstract, table of contents, introduction, "
        "literature review, methodology, results, conclusions and references.",
        {"parts": [
            "title page", "abstract", "table of contents", "introduction", "literature review", "methods", "results",
            "conclusion", "references",
        ]},
    ),
    ("## Structure\n\n1. Title page\n2. Introduction\n3. Methods\n4. Results\n5. References\n", {
        "parts": ["title page", "introduction", "methods", "results", "references"],
    }),
]  # fmt: skip
ITALIAN: list[tuple[str, dict[str, Any]]] = [
    ("La tesi va stampata su fogli A4.", {"paper": "A4"}),
    ("Margini: superiore 3 cm, inferiore 3 cm, sinistro 3,5 cm, destro 2,5 cm.", {"margins_mm": sides(30, 25, 30, 35)}),
    ("I margini devono essere di 2,5 cm su tutti i lati.", {"margins_mm": sides(25, 25, 25, 25)}),
    ("Carattere Garamond, corpo 12, interlinea 1,5.", {"fonts": ["Garamond"], "size_pt": 12, "line_spacing": 1.5}),
    ("Il testo deve essere scritto in Times New Roman 12; le note in corpo 10.", {
        "fonts": ["Times New Roman"], "size_pt": 12, "footnote_pt": 10,
    }),
    ("Non utilizzare il carattere Comic Sans.", {}),
    ("Interlinea: doppia", {"line_spacing": 2}),
    ("Usare l'interlinea singola nelle note.", {}),
    ("Rientro della prima riga di 0,5 cm.", {"indent_mm": 5}),
    ("Il testo deve essere giustificato.", {"is_justified": True}),
    ("I numeri di pagina vanno in basso al centro.", {"page_number_at": "bottom centre"}),
    ("La tesi deve avere un minimo di 80 e un massimo di 120 pagine.", {"pages": between(80, 120)}),
    ("L'elaborato non deve superare le 40 pagine.", {"pages": {"most": 40}}),
    ("Lunghezza della tesi: almeno 15.000 parole", {"words": {"least": 15_000}}),
    ("Riassunto di massimo 300 parole.", {"abstract_words": {"most": 300}}),
    ("Sono richieste almeno 25 fonti bibliografiche.", {"sources": {"least": 25}}),
    ("La bibliografia deve comprendere almeno 20 titoli bibliografici degli ultimi cinque anni.", {
        "sources": {"least": 20}, "source_age_years": {"most": 5},
    }),
    ("Le citazioni seguono lo stile APA.", {"citation_styles": ["apa"]}),
    ("La tesi deve essere redatta in lingua italiana.", {"languages": ["it"]}),
    ("La tesi deve contenere: frontespizio, indice, introduzione, conclusioni e bibliografia.", {
        "parts": ["title page", "table of contents", "introduction", "conclusion", "references"],
    }),
]  # fmt: skip
UKRAINIAN: list[tuple[str, dict[str, Any]]] = [
    ("Роботу друкують на аркушах формату А4.", {"paper": "A4"}),
    ("Поля: ліве – 30 мм, праве – 15 мм, верхнє і нижнє – 20 мм.", {"margins_mm": sides(20, 15, 20, 30)}),
    ("Розміри полів: зліва – 2,5 см, справа – 1 см, зверху та знизу – 2 см.", {"margins_mm": sides(20, 10, 20, 25)}),
    ("Поля з усіх боків по 20 мм.", {"margins_mm": sides(20, 20, 20, 20)}),
    ("Шрифт Times New Roman, кегль 14, міжрядковий інтервал 1,5.", {
        "fonts": ["Times New Roman"], "size_pt": 14, "line_spacing": 1.5,
    }),
    ("Текст набирають шрифтом Times New Roman 14 через полуторний інтервал.", {
        "fonts": ["Times New Roman"], "size_pt": 14, "line_spacing": 1.5,
    }),
    ("Розмір шрифту – 14 пт, у таблицях – 12 пт.", {"size_pt": 14, "table_pt": 12}),
    ("Не використовувати шрифт Arial.", {}),
    ("Через півтора міжрядкового інтервалу.", {"line_spacing": 1.5}),
    ("Абзацний відступ – 1,25 см.", {"indent_mm": 12.5}),
    ("Вирівнювання тексту – по ширині.", {"is_justified": True}),
    ("Номер сторінки ставлять у правому верхньому куті.", {"page_number_at": "top right"}),
    ("Нумерація сторінок – посередині внизу, починаючи зі вступу.", {
        "page_number_at": "bottom centre", "page_number_from": "introduction",
    }),
    ("Обсяг роботи – 60–80 сторінок.", {"pages": between(60, 80)}),
    ("Обсяг курсової роботи не повинен перевищувати 35 сторінок.", {"pages": {"most": 35}}),
    ("Обсяг вступу – 2-3 сторінки.", {}),
    ("Список літератури має містити не менше 40 джерел.", {"sources": {"least": 40}}),
    ("Слід використати не менше п'ятнадцяти джерел за останні 5 років.", {
        "sources": {"least": 15}, "source_age_years": {"most": 5},
    }),
    ("Список використаних джерел оформлюють за ДСТУ 8302:2015.", {"citation_styles": ["dstu"]}),
    ("Робота виконується українською мовою.", {"languages": ["uk"]}),
    ("Анотація повинна бути написана англійською мовою.", {}),
    ("Робота повинна містити: титульний аркуш, зміст, вступ, три розділи, висновки, список використаних джерел, "
     "додатки.", {
        "parts": ["title page", "table of contents", "introduction", "conclusion", "references", "appendices"],
    }),
    ("Не можна посилатися на Вікіпедію.", {"not_cited": ["Wikipedia"]}),
]  # fmt: skip
TABLES: list[tuple[str, dict[str, Any]]] = [
    (
        "| Setting | Value |\n|---|---|\n| Paper size | A4 |\n| Font | Times New Roman |\n| Font size | 12 pt |\n"
        "| Line spacing | 1.5 |\n| Left margin | 3 cm |\n| Right margin | 1.5 cm |\n| Number of pages | 50–70 |\n",
        {
            "paper": "A4", "fonts": ["Times New Roman"], "size_pt": 12, "line_spacing": 1.5,
            "margins_mm": {"left": 30, "right": 15}, "pages": between(50, 70),
        },
    ),
    ("Paper\n\nA4\n\nFont\n\nArial\n\nLeft margin\n\n3 cm\n\n", {
        "paper": "A4", "fonts": ["Arial"], "margins_mm": {"left": 30},
    }),
    ("Поля:\n- ліве – 30 мм;\n- праве – 10 мм;\n- верхнє – 20 мм;\n- нижнє – 20 мм.\n", {
        "margins_mm": sides(20, 10, 20, 30),
    }),
    ("Margins\n    * left: 3 cm\n    * right: 2 cm\n\nText: Arial 11\n", {
        "margins_mm": {"left": 30, "right": 20}, "fonts": ["Arial"], "size_pt": 11,
    }),
    (r"\geometry{a4paper, left=3cm, right=2cm, top=2cm, bottom=2cm}", {"margins_mm": sides(20, 20, 20, 30)}),
]  # fmt: skip
NOTHING = [
    "This study analyses 40 essays of 300 words each, collected within the last five years.",
    "The sample was printed on A4 paper and read by 12 teachers.",
    "We used a margin of 2.5 cm around the incision.",
    "The margin of error was 3 %.",
    "Participants were students at Chicago and Harvard; references are listed at the end.",
    "A model with 14 points more than the baseline is justified by its results.",
    "Il campione comprende 25 fonti; le pagine 12-30 descrivono il metodo.",
    "У дослідженні взяли участь 40 осіб; сторінки 12–30 описують метод.",
    "The introduction, methods, results and discussion of 30 papers were read.",
    "English is the language of most of these articles.",
    "Wikipedia is cited by many of the students.",
    "Each group should read at least 300 pages before the seminar.",
    "",
    "   \n\n",
]


@pytest.mark.parametrize(("text", "expected"), [*ENGLISH, *ITALIAN, *UKRAINIAN, *TABLES])
def test_what_a_rule_asks_is_understood_and_no_more(text: str, expected: dict[str, Any]):
    assert understood(text) == expected


@pytest.mark.parametrize("text", NOTHING)
def test_what_asks_nothing_gives_nothing(text: str):
    assert understood(text) == {}
