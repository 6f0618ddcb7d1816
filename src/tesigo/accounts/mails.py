"""What the mail with a magic link says, in the languages of the interface."""

from dataclasses import dataclass
from html import escape

from tesigo.accounts.identity import Language
from tesigo.accounts.ports import Mail


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    opening: str
    button: str
    code: str
    closing: str


_WORDS: dict[Language, _Words] = {
    "en": _Words(
        subject="Your link to sign in to TesiGo",
        opening="Open this link and press the button to sign in:",
        button="Sign in to TesiGo",
        code="Or type this code on the page where you asked for it:",
        closing="The link and the code work once, for {minutes} minutes. "
        "If you did not ask for them, do nothing: nobody is signed in without them.",
    ),
    "uk": _Words(
        subject="Ваше посилання для входу в TesiGo",
        opening="Відкрийте це посилання й натисніть кнопку, щоб увійти:",
        button="Увійти в TesiGo",
        code="Або введіть цей код на сторінці, де ви його просили:",
        closing="Посилання й код діють один раз, протягом {minutes} хвилин. "
        "Якщо ви їх не просили, нічого не робіть: без них ніхто не ввійде.",
    ),
    "it": _Words(
        subject="Il tuo link per accedere a TesiGo",
        opening="Apri questo link e premi il pulsante per accedere:",
        button="Accedi a TesiGo",
        code="Oppure scrivi questo codice nella pagina in cui lo hai chiesto:",
        closing="Il link e il codice valgono una volta sola, per {minutes} minuti. "
        "Se non li hai chiesti tu, non fare nulla: senza di essi nessuno può accedere.",
    ),
}


def compose_link_mail(*, to: str, code: str, base_url: str, minutes: int, language: Language) -> Mail:
    """Return the mail that brings a link and its code.

    The code stands behind `#`: a browser shows it to the page and sends it to no server, so that it gets
    into no log, and whoever only fetches the link, like a mail scanner, does not use it up.
    """
    words = _WORDS[language]
    link = f"{base_url}/sign-in/link#{code}"
    closing = words.closing.format(minutes=minutes)
    text = f"{words.opening}\n\n{link}\n\n{words.code}\n\n{code}\n\n{closing}\n"
    html = (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head><meta charset="utf-8">'
        f"<title>{escape(words.subject)}</title></head>\n"
        '<body style="font-family: sans-serif; line-height: 1.5; max-width: 36em">\n'
        f"<p>{escape(words.opening)}</p>\n"
        f'<p><a href="{escape(link)}">{escape(words.button)}</a></p>\n'
        f"<p>{escape(words.code)}</p>\n"
        f'<p style="font-family: monospace; font-size: 1.2em">{escape(code)}</p>\n'
        f"<p>{escape(closing)}</p>\n</body>\n</html>\n"
    )
    return Mail(to=to, subject=words.subject, text=text, html=html)
