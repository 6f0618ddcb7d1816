"""Whole guides, as departments write them, in three languages: what each asks is found among all that it says."""

from typing import Any

import pytest
from tests.intake.requirements.test_wordings import between, sides, understood

GUIDE = """THESIS FORMATTING GUIDELINES

2.1 Margins
The left-hand margin must be one and one-half inches (1.5") to allow for binding. All other margins
must be one inch (1"). Nothing other than page numbers may appear in the margins.

2.2 Typeface
Use a standard, easily legible font such as Times New Roman, Arial or Palatino. Font size must be 12 point for
the text; tables and captions may be smaller but no smaller than 9 point. Script and ornamental fonts are
not acceptable.

2.3 Spacing
The entire text must be double-spaced. Block quotations, footnotes, captions and bibliographic entries
may be single-spaced.

2.4 Pagination
Every page except the title page is numbered. Preliminary pages carry lower-case Roman numerals. Page
numbers are centred at the bottom of the page, at least half an inch from the edge.

2.5 Length
Master's theses normally run from 18,000 to 25,000 words, excluding the bibliography and appendices. Do not
exceed 120 pages.

3. Order of the thesis
The thesis consists of the following elements, in this order:
a) Title page
b) Abstract (maximum 350 words)
c) Acknowledgements (optional)
d) Table of contents
e) Introduction
f) Results
g) Conclusion
h) Bibliography

4. References
References follow the Chicago Manual of Style. At least 40 sources should be consulted, of which half should have
been published in the past ten years.
"""
NORME = """NORME PER LA REDAZIONE DELLA PROVA FINALE

1. La tesi deve avere una lunghezza compresa tra 60 e 100 cartelle (circa 2000 battute per cartella).
2. Formato della pagina: A4. Margine sinistro: 3,5 cm; margine destro: 3 cm; margini superiore e inferiore: 3 cm.
3. Carattere: Times New Roman o Garamond, dimensione 12 per il testo, 11 per le citazioni lunghe e 10 per le note.
4. Interlinea: 1,5 per il testo, singola per le note. Testo giustificato, con rientro di 1 cm a ogni capoverso.
5. La numerazione delle pagine, in basso a destra, parte dall'introduzione.
6. Le note vanno a piè di pagina. Per i riferimenti bibliografici si adotta lo stile Harvard (autore-data).
7. La bibliografia finale deve contenere almeno 30 titoli, di cui almeno 5 in lingua straniera.
8. La tesi può essere scritta in italiano o in inglese. In quest'ultimo caso va allegato un riassunto in italiano.
9. La tesi si compone di: frontespizio, indice, introduzione, capitoli, conclusioni, bibliografia.
10. Il file va consegnato in formato PDF/A e non può superare i 15 MB.
"""
VYMOHY = """ВИМОГИ ДО ОФОРМЛЕННЯ КУРСОВОЇ РОБОТИ

1. Загальний обсяг курсової роботи має становити 30–35 сторінок (без додатків і списку використаних джерел).
2. Робота має бути надрукована на одному боці аркуша білого паперу формату А4 (210х297 мм) шрифтом Times New Roman,
розмір 14, з інтервалом 1,5. Верхнє і нижнє поля – не менше 20 мм, ліве – не менше 30 мм, праве – не менше 10 мм.
Відступ абзацу – 1,25 см.
3. Сторінки нумерують арабськими цифрами у правому верхньому куті без крапки. Титульний аркуш включають до загальної
нумерації, але номер сторінки на ньому не проставляють.
4. Структура роботи:
– титульний аркуш;
– зміст;
– вступ (2–3 сторінки);
– основна частина (2–3 розділи);
– висновки;
– список використаних джерел (не менше 25 найменувань);
– додатки (за потреби).
5. Посилання подають у квадратних дужках, наприклад [5, с. 12]. Список джерел оформлюють за ДСТУ 8302:2015.
6. Більшість джерел повинна бути видана за останні п'ять років. Не рекомендується використовувати Вікіпедію як джерело.
7. Мова роботи – українська. Текст вирівнюють за шириною.
"""
COURSE = """Term paper requirements

- Length: 12 to 15 pages (not counting the title page and references)
- 12 pt Calibri, 1.15 line spacing, 2.54 cm margins all around
- In-text citations and reference list in IEEE format
- Minimum 15 peer-reviewed sources, no more than 5 years old
- Abstract: 150-200 words
- Submit as .docx via Moodle (max. 10 MB)
- Written in English. No Wikipedia, no ChatGPT as sources, please!
- Page numbers bottom centre
"""
FRONT = ["title page", "table of contents", "introduction", "conclusion", "references"]
EXPECTED: dict[str, dict[str, Any]] = {
    GUIDE: {
        "margins_mm": sides(25.4, 25.4, 25.4, 38.1),
        "fonts": ["Times New Roman", "Arial", "Palatino"],
        "size_pt": 12,
        "line_spacing": 2,
        "page_number_at": "bottom centre",
        "pages": {"most": 120},
        "words": between(18_000, 25_000),
        "abstract_words": {"most": 350},
        "parts": [
            *("title page", "abstract", "acknowledgements", "table of contents"),
            *("introduction", "results", "conclusion", "references"),
        ],
        "sources": {"least": 40},
        "source_age_years": {"most": 10},
        "citation_styles": ["chicago"],
    },
    NORME: {
        "paper": "A4",
        "margins_mm": sides(30, 30, 30, 35),
        "fonts": ["Times New Roman", "Garamond"],
        "size_pt": 12,
        "footnote_pt": 10,
        "line_spacing": 1.5,
        "indent_mm": 10,
        "is_justified": True,
        "page_number_at": "bottom right",
        "page_number_from": "introduction",
        "pages": between(60, 100),
        "parts": FRONT,
        "sources": {"least": 30},
        "citation_styles": ["harvard"],
        "languages": ["it", "en"],
        "file_formats": ["PDF"],
        "file_mb": {"most": 15},
    },
    VYMOHY: {
        "paper": "A4",
        "margins_mm": sides(20, 10, 20, 30),
        "fonts": ["Times New Roman"],
        "size_pt": 14,
        "line_spacing": 1.5,
        "indent_mm": 12.5,
        "is_justified": True,
        "page_number_at": "top right",
        "page_number_from": "first page after the title page",
        "pages": between(30, 35),
        "parts": [*FRONT, "appendices"],
        "sources": {"least": 25},
        "source_age_years": {"most": 5},
        "citation_styles": ["dstu"],
        "not_cited": ["Wikipedia"],
        "languages": ["uk"],
    },
    COURSE: {
        "margins_mm": sides(25.4, 25.4, 25.4, 25.4),
        "fonts": ["Calibri"],
        "size_pt": 12,
        "line_spacing": 1.15,
        "page_number_at": "bottom centre",
        "pages": between(12, 15),
        "abstract_words": between(150, 200),
        "sources": {"least": 15},
        "source_age_years": {"most": 5},
        "citation_styles": ["ieee"],
        "not_cited": ["Wikipedia", "ChatGPT"],
        "languages": ["en"],
        "file_formats": ["DOCX"],
        "file_mb": {"most": 10},
    },
}


@pytest.mark.parametrize("guide", EXPECTED, ids=["english", "italian", "ukrainian", "course"])
def test_a_whole_guide_is_understood_and_no_more(guide: str):
    assert understood(guide) == EXPECTED[guide]


def test_lines_that_were_wrapped_ask_the_same():
    wrapped = GUIDE.replace("double-spaced. Block", "double-\nspaced. Block").replace(
        "Times New Roman", "Times New\nRoman"
    )
    assert understood(wrapped)["fonts"] == EXPECTED[GUIDE]["fonts"]
