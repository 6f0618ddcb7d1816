"""Words that decide where a sentence ends and whether it can stand alone, in English, Italian and Ukrainian.

Lists of all three are used together: none of their words means something else at that place in another one.
"""

import re


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _any_of(words: str) -> str:
    """Return an alternation of the phrases (one a line, or apart by a bar), the longest first."""
    phrases = {" ".join(phrase.split()) for line in words.splitlines() for phrase in line.split("|")}
    longest_first = sorted(phrases - {""}, key=lambda phrase: (-len(phrase), phrase))
    return "(?:" + "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in longest_first) + ")"


ABBREVIATIONS = _words_of(
    """
    al approx art ca cap cf ch chap col cit dept dr ed eds e.g eg eq eqs esp est et etc ex exp fig
    figs ff gen i.e ie
    inc jr lit ltd max min mr mrs ms n.b no nos nr op p par ph.d pp prof ref refs resp rev sec
    sect sr st suppl tab
    viz vol vols vs
    dott dott.ssa ecc es fasc ing n nn pag pagg prof.ssa sig sigg ss tav trad v
    див ін им ім напр обл гл до доц акад проф рис розд с св стор стст ст табл т тис млн млрд тов
    ред вид вип грн
    зб зв кв км кг п пп р рр
    """
)
"""What stands before a full stop that does not end a sentence, in small letters and without its last stop."""

SENTENCE_STARTERS = _words_of(
    """
    A All Although An As At Because Both But By Despite During Each Finally For From Furthermore
    Given Hence Here
    However If In It Its Many More Moreover Most Next No Not Of On One Only Other Our Over Since
    Some Such Than That
    The Their Then There Therefore These They This Those Though Thus To Two Under Unlike Using We
    What When Where
    Whereas Which While With Without
    Al Alla Anche Con Da Dal Dalla Del Della Gli Il In Inoltre La Le Lo L'analisi Nel Nella Per
    Questo Questa Si
    Tra Un Una Uno
    А Але В Ви Він Вона Вони До Для З За Із Крім Ми На Наш Отже Однак Після Під Проте Результати
    Такий Також Тому
    У Це Цей Ця Ці Що Як Якщо
    """
)
"""Words that begin a sentence when they follow an abbreviation or an initial with a capital letter."""

DANGLING_START = re.compile(
    _any_of(
        """
        That|It|Its|They|Their|Them|He|She|His|Her|Such
        However|Moreover|Therefore|Thus|Hence|Furthermore|Additionally|Also|Besides|Consequently|Accordingly
        Nevertheless|Nonetheless|Instead|Otherwise|Similarly|Likewise|Conversely|Correspondingly|Specifically
        Finally|Lastly|Second|Secondly|Third|Thirdly|First|Firstly|Then|Next|Subsequently|Afterwards|Meanwhile
        Yet|But|And|Or|Nor|So|Still|Indeed|Rather|Interestingly|Surprisingly|Importantly|Notably|Remarkably
        In addition|In contrast|By contrast|In turn|In fact|In other words|In particular|In summary|In short
        In both cases|In all cases|In each case|In either case|In response|In the meantime|In the same
        On the other hand|On the one hand|On the contrary|On the other side|For example|For instance
        For each|As a result|As a consequence|As such|As before|As expected|As mentioned|As noted
        As discussed|As described
        As stated|As shown|As above|As follows|At the same time|After that|Before that|Apart from that
        Given that
        Another|Others|The other|The others|The former|The latter|The above|The following|The aforementioned
        The second|The third|The last|The rest|The same|One of them|Some of them|Most of them
        All of them|None of them
        Both of them|Neither|The reason|Here again|Again|Of note|Of them|To do so|In doing so
        By doing so|If so|If not
        Equally|Alternatively|Overall|Together|Taken together|Altogether|Collectively|Later|Earlier|Elsewhere
        For that reason|Because of that|Due to that|With that|More precisely|More specifically
        More importantly
        Most importantly|That is|Namely|Below|Above|Likely|Unfortunately|Fortunately|Note that|Recall that

        Esso|Essa|Essi|Esse|Egli|Ella|Lui|Loro|Ciò|Tale|Tali|Quello|Quella|Quelli|Quelle|Quell'
        Inoltre|Tuttavia|Pertanto|Quindi|Dunque|Però|Ma|E|Ed|Oppure|Infatti|Infine|Perciò|Così|Anche
        Poi|Invece
        Altrimenti|Successivamente|Analogamente|Similmente|Viceversa|Comunque|Eppure|Cioè|Ovvero|Ossia
        In particolare|In aggiunta|In altre parole|In altri termini|In tal modo|In sintesi|In conclusione
        Ad esempio|Per esempio|Al contrario|D'altra parte|D'altro canto|Di conseguenza
        Allo stesso modo|Allo stesso tempo
        Nello stesso tempo|Nel frattempo|A tal fine|A tale scopo|Per tale|Un altro|Un'altra|Gli altri|Le altre
        Il primo|Il secondo|Quest'ultimo|Quest'ultima|Di fatto|In effetti|Nonostante ciò|Oltre a ciò|Perché

        Він|Вона|Воно|Вони|Їх|Їхній|Їхня|Їхнє|Їхні|Його|Її|Йому|Їй|Їм|Такий|Така|Таке|Такі|Такого
        Таких|Той|Та|Те|Ті|Тих
        Таким чином|Отже|Тому|Однак|Проте|Але|Також|Тоді|Потім|Водночас|Натомість|Зокрема|Наприклад
        Навпаки|Відтак|Тобто
        І|Й|А|Або|Утім|Втім|Зрештою|Нарешті|Інакше|Аналогічно|Відповідно|Крім того|Окрім того
        Більше того|До того ж
        Разом з тим|Разом із тим|З іншого боку|З одного боку|По-перше|По-друге|По-третє|Внаслідок чого
        Через те|Через що
        На противагу|Тим не менш|Тим часом|Саме тому|Як наслідок|Як результат|Інший|Інша|Інше|Інші
        Далі|Звідси|Тут|Там
        Потому|Поэтому|Однако|Он|Она|Оно|Они|Это|Этот|Эта|Эти|Кроме того|Таким образом|Также|Например|Но|И
        """
    )
    + r"(?![\w'’.-])"
)
"""The beginning of a sentence that leans on the one before it."""

OWN_WORK = (
    "paper|article|study|work|survey|review|thesis|tutorial|report|chapter|dissertation|essay|overview"
    "|articolo|lavoro|studio|saggio|tesi|rassegna|ricerca|contributo|relazione|elaborato"
    "|статт[яіюею]+|робот[аиіуою]+|прац[яіюею]+|дослідженн[яюіям]+|огляд[уіом]*|дисертаці[яїюєію]+"
)
DEMONSTRATIVE = re.compile(
    rf"\b(?:this|these|those|such(?!\s+as\b)|quest[oaie]|ciò|цей|(?<![-–—] )це|ця|ці|цю|цього|цієї"
    rf"|цих|цим|цими|цьому|цій|цією)\b"
    rf"(?!\s+(?:{OWN_WORK})\b)|\bquest'(?!(?:articolo|elaborato|opera)\b)",
    re.IGNORECASE,
)
"""A word that points at something said before; "this paper" points at the source itself and may stand."""

_LABEL_WORD = (
    "(?:Main |Primary |Secondary |Principal |Study |Data |Trial )?"
    "(?:Abstract|Aims?|Analysis|Approach|Author summary|Availability|Background|Challenges?"
    "|Collection|Conclusions?"
    "|Context|Contributions?|Data sources?|Design|Discussion|Extraction|Findings|Funding"
    "|Hypothes[ei]s|Implementation"
    "|Implications|Importance|Interpretation|Interventions?|Introduction|Limitations?|Main results|Materials?"
    "|Measurements?|Measures|Methodology|Methods?|Motivation|Objectives?|Outcome measures?"
    "|Outcomes?|Participants"
    "|Patients|Problem|Procedures?|Purpose|Rationale|Recommendations?|Registration|Results?"
    "|Samples?|Selection|Settings?"
    "|Significance|Sources|Subjects|Summary|Supplementary information|Synthesis"
    "|Contesto|Introduzione|Obiettiv[oi]|Scopo|Metod[oi]|Materiali|Risultati|Conclusion[ei]"
    "|Discussione|Riassunto"
    "|Sommario|Premessa"
    "|Анотація|Актуальність|Вступ|Висновк[иа]|Завдання|Матеріали|Мета|Метод(?:и|ика|ологія)"
    "|Об['’ʼ]єкт|Предмет|Постановка проблеми"
    "|Результати|Резюме|Обговорення|Наукова новизна|Практична значущість)"
)
_LABEL_JOINT = r"\s*(?:/|,|&|\band\b|\be\b|\bта\b|\bі\b|\bй\b|\bof the\b|\bof\b)\s*"
_LABEL = rf"{_LABEL_WORD}(?:{_LABEL_JOINT}{_LABEL_WORD}){{0,3}}"
STUCK_LABEL = re.compile(
    rf"(?i:{_LABEL}(?:\s+дослідження)?)\s*(?:[:.]\s*|\s[\u2013\u2014-]\s+)(?=\S)"
    rf"|(?=[A-ZА-ЯІЇЄҐ])(?-i:[A-ZА-ЯІЇЄҐ'’/&, ]{{4,60}}):\s*"
    rf"|(?=[A-ZА-ЯІЇЄҐ/&,\s]{{4,}}\s)(?i:{_LABEL})(?<=[A-ZА-ЯІЇЄҐ])\s+(?=[A-ZА-ЯІЇЄҐ0-9])"
    rf"|(?:Abstract|Background|Conclusions?|Introduction|Methods|Objectives?|Purpose|Results)\s+"
    rf"(?=(?:The|We|This|These|In|To|Our|An?|There|It|As|For|With|While|Although|Despite|Recent|Many)\s)"
)
"""The label of a structured abstract: "Methods: …", "CONTEXT Pharmacists …", "Purpose The …"."""

_NUMBERING = r"(?:\d+(?:\.\d+)*\.?\s+|[IVX]+\.\s+)?"
REFERENCE_HEADING = re.compile(
    rf"(?i:{_NUMBERING}(?:references(?: cited)?|bibliography|literature(?: cited)?|works cited"
    r"|bibliografia|riferimenti(?: bibliografici)?|sitografia"
    r"|список (?:використан\w+ |використаної |)(?:джерел|літератури)(?: .{0,30})?|література"
    r"|літературні джерела"
    r"|перелік (?:джерел|посилань).{0,30}|бібліографія|литература|список литературы"
    r")\s*[:.]?)"
)
"""The heading of a list of references."""

SKIPPED_HEADING = re.compile(
    rf"{REFERENCE_HEADING.pattern}|(?i:{_NUMBERING}(?:"
    r"further reading|acknowledge?ments?|funding(?: (?:information|statement|sources?))?"
    r"|(?:authors?['’]? |)contributions?|author(?:s['’]?)? information"
    r"|(?:competing|conflicts? of) interests?|disclosures?|declarations?|supporting information"
    r"|supplement.{0,40}"
    r"|data availability.{0,20}|ethics statement|abbreviations|keywords|license|contents"
    r"|table of contents|notes"
    r"|ringraziamenti|indice|parole chiave|note"
    r"|джерела|подяк[аи]|ключові слова|перелік скорочень.{0,30}|зміст"
    r")\s*[:.]?)"
)
"""A heading under which nothing is the authors' argument: references, thanks, funding, contents."""

CAPTION = re.compile(
    r"[*_]{0,3}(?i:supplementary\s+|extended\s+data\s+)?(?:Figure|Fig\.?|FIG\.?|Table|TABLE|Box"
    r"|Scheme|Algorithm|Listing|Plate"
    r"|Figura|Tabella|Grafico|Рисунок|Рис\.?|Таблиця|Табл\.?)\s*[A-ZS]?\d[\d.]*[*_]{0,3}(?:\s*[.:"
    r"|\u2013\u2014)-]|[*_]{2,}|\s*$|\s+[A-Z][^.]*\.\s*\()"
)
"""The beginning of a block that describes a figure or a table."""
