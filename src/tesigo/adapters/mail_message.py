"""Our mails in the form in which mail travels (RFC 5322), for every adapter that carries them."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from tesigo.accounts.addresses import address_to_carry
from tesigo.accounts.errors import AddressNotValid, MailRefused
from tesigo.accounts.ports import Mail

_SEVEN_BITS = SMTP.clone(cte_type="7bit")
"""Understood by every server, also by one that does not announce 8BITMIME (RFC 6152)."""


def build_message(mail: Mail, *, sender: str, now: datetime) -> EmailMessage:
    """Return the message with its text and, as the alternative, its HTML.

    Its headers keep automatic answers away. sender: `name@host`, with or without a display name.
    Raises MailRefused for an address that a mail program would take for another one, or for none.
    """
    message = EmailMessage(policy=_SEVEN_BITS)
    message["From"] = sender
    message["To"] = _addressee(mail.to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _addressee(to: str) -> Address:
    try:
        address = address_to_carry(to)
    except AddressNotValid as error:
        raise MailRefused("no mail can be written to this address") from error
    local_part, _, domain = address.rpartition("@")
    read = _SEVEN_BITS.header_factory("To", address).addresses
    if [each.addr_spec for each in read] != [address]:
        raise MailRefused("no mail can be written to this address")
    return Address(username=local_part, domain=domain)
