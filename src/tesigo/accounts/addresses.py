"""E-mail addresses in the one form in which they are compared, and in the one in which they travel."""

import re
from collections.abc import Collection

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from tesigo.accounts.errors import AddressNotValid

_ENCODED = "=?"
"""Begins an encoded word (RFC 2047, section 2): who reads mails would take such an address for another one."""

_OF_DELETED = re.compile(r"deleted_[0-9]+@deleted\.com")


def normalise_address(text: str) -> str:
    """Return the address in lower case, its domain in Unicode; whether it exists is for the mail to find out.

    Raises AddressNotValid with what is wrong with it; also for the addresses that deleted users are given.
    """
    address = _checked(text).normalized.lower()
    if _OF_DELETED.fullmatch(address):
        raise AddressNotValid(
            "Deleted accounts are given such addresses. Please give another e-mail address."
        )
    return address


def address_to_carry(address: str) -> str:
    """Return the address as it stands in a mail: its domain in ASCII, unless its local part needs RFC 6531 anyway.

    Raises AddressNotValid.
    """
    checked = _checked(address)
    return checked.ascii_email or checked.normalized


def is_among(address: str, written: Collection[str]) -> bool:
    """Return whether one of the addresses, however they are written, is this one, which is in its normal form."""
    return any(_is_written(address, each) for each in written)


def _is_written(address: str, text: str) -> bool:
    try:
        return normalise_address(text) == address
    except AddressNotValid:
        return False


def _checked(text: str) -> ValidatedEmail:
    try:
        checked = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressNotValid(f"Please give a whole e-mail address. {error}") from None
    if _ENCODED in checked.local_part:
        raise AddressNotValid("Please give an e-mail address without the signs =? before the @.")
    return checked
