"""Ukrainian words cut down to what their forms share: Snowball has no Ukrainian stemmer.

A light one, by our own rules: it takes a noun's, adjective's or verb's ending off and levels the
vowel changes that hide a common stem (рік/року, оцінка/оцінок). Measured in `tests/research/test_terms.py`
on families of forms: it brings more of them together than Snowball's Russian does.
"""

import re


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


UKRAINIAN_STOP_WORDS = _words_of(
    """
    а аби або адже але багато без би б бо був була були було бути в вам вас ваш вже ви від він вона вони воно
    все всі всіх всього втім де деякі для до дуже є ж же з за завжди зараз зі і із інші інша інше
    інший інших її їй їм
    їх їхні їхній його йому й каже коли кожен кожна кожне кого крім куди лише мав має мають ми
    мене мені між мій
    може можна можуть моя на навіть над нам нами нас наш наша наше наші не нього ні ніж о об однак один одна
    одне оскільки ось отже перед під після по потім при про проте саме свій своя своє свої себе
    собі та так така
    таке такий такі також там твій те ти тим тих тільки то тобто тоді того той тому ту тут у ув
    усе усі усіх хоча
    хто це цей цим цих цього цьому ця ці цю цієї чи через чого чому що щоб щодо як яка яке який якщо які яким
    яких якого якої якому яку
    """
)

_ENDINGS = _words_of(
    """
    а я у ю о е є и і ї ь й
    ам ям ами ями ах ях ою ею єю ом єм ів їв ей ові еві єві ий ій їй ія іям іями іях ією
    ого ього його ому ьому йому им їм их їх ими їми ої ьої йої ую юю ая яя еє ії ію єю
    ість ості істю остей остям остями остях
    ення енню енням енні ень ання анню анням анні ань іння інню інням інні інь яння янню янням янні янь
    ати яти ити іти увати ювати ає яє ує ює ають яють ують юють уєть юєть аєть яєть еть єть ить
    іть ать ять уть ють
    ав яв ів ив ував ював ала яла іла ила увала ювала али яли іли или ували ювали ало яло іло ило
    """
)
_ENDING = re.compile(f"(?:{'|'.join(sorted(_ENDINGS, key=lambda ending: (-len(ending), ending)))})$")
_REFLEXIVE = re.compile("(?:ся|сь)$")
_FLEETING_VOWEL = re.compile("[ое]к$")
_CLOSED_SYLLABLE = re.compile("і(?=[^аеиоуюяєії]{1,2}$)")
_SHORTEST_STEM = 3


def ukrainian_stem(word: str) -> str:
    """Return what the forms of a word (lower case, apostrophe ') have in common, at least three letters.

    The longest ending that leaves three letters goes; then "оцінок" becomes "оцінк", "рік" becomes "рок"
    (as in "року"), and a doubled last consonant becomes one.
    """
    stem = _without(_ENDING, _without(_REFLEXIVE, word))
    if len(stem) > _SHORTEST_STEM:
        stem = _FLEETING_VOWEL.sub("к", stem)
        if stem[-1] == stem[-2]:
            stem = stem[:-1]
    return _CLOSED_SYLLABLE.sub("о", stem)


def _without(ending: re.Pattern[str], word: str) -> str:
    """Return the word without its longest ending that leaves enough of it."""
    match = ending.search(word, _SHORTEST_STEM)
    return word[: match.start()] if match else word
