"""Stems that bring the forms of a word together."""

import pytest

from tesigo.research.terms import guess_language, tokens

FAMILIES = (
    "дослідження досліджень дослідженням дослідженню",
    "студент студента студентів студентами студентам",
    "модель моделі моделей моделями моделлю",
    "мова мови мов мовою мові",
    "навчання навчанню навчанням",
    "точність точності точністю",
    "штучний штучного штучна штучних штучними",
    "рік року років рокам",
    "оцінка оцінки оцінок оцінками",
    "знання знань знанням",
    "система системи систем системами",
    "університет університету університетів",
    "використовується використовують використовувати",
    "зв’язок зв'язку зв’язками",
    "технологія технології технологій технологією технологіями",
    "освіта освіти освітою освіті",
    "учитель учителя учителів учителям",
    "якість якості якістю",
)


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", "learning learned learns learn"),
        ("en-GB", "models model model's"),
        ("it", "apprendimento l'apprendimento dell’apprendimento"),
        ("it", "studenti studente"),
        ("ru", "исследование исследования исследований"),
        ("de", "Sprachen Sprache"),
    ],
)
def test_forms_of_a_word_share_a_stem(language, forms):
    assert len(set(tokens(forms, language))) == 1


def _together(language: str) -> float:
    """Return the share of pairs of forms, within families, that have one stem."""
    pairs = hits = 0
    for family in FAMILIES:
        stems = [tokens(form, language)[0] for form in family.split()]
        for place, stem in enumerate(stems):
            pairs += len(stems) - place - 1
            hits += stems[place + 1 :].count(stem)
    return hits / pairs


def test_ukrainian_forms_meet_more_often_than_under_the_russian_stemmer():
    assert _together("uk") > 0.9
    assert _together("ru") < 0.6


def test_different_ukrainian_words_stay_apart():
    stems = [set(tokens(family, "uk")) for family in FAMILIES]
    for place, one in enumerate(stems):
        assert all(one.isdisjoint(other) for other in stems[place + 1 :])


def test_stop_words_single_letters_and_endless_words_carry_no_meaning():
    assert tokens("It is the a b and of " + "x" * 200) == []
    assert tokens("це та що і на при для", "uk") == []
    assert tokens("il la che di un'altra dell'", "it") in ([], ["altra"], ["altr"])


def test_words_in_another_script_keep_their_own_language():
    assert tokens("Методи machine learning", "uk") == [
        *tokens("методи", "uk"),
        *tokens("machine learning", "en"),
    ]
    assert tokens("Methods of навчання", "en") == ["method", *tokens("навчання", "uk")]


def test_a_language_without_a_stemmer_keeps_whole_words():
    assert tokens("Learning models", "xx") == ["learning", "models"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The pupils of the town were asked to write about what they had read.", "en"),
        ("Gli studenti della città hanno scritto un testo su quello che avevano letto con il maestro.", "it"),
        ("Студенти міста написали про те, що вони прочитали, і це було для них цікаво.", "uk"),
        ("Студенты города написали о том, что они прочитали, и это было для них интересно.", "ru"),
        ("12345", "en"),
    ],
)
def test_the_language_is_guessed_by_its_small_words(text, language):
    assert guess_language(text) == language
