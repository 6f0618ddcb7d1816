"""E-mail addresses in the one form in which they are compared."""

from email_validator import EmailNotValidError, validate_email

from tesigo.accounts.errors import AddressNotValid


def normalise_address(text: str) -> str:
    """Return the address in lower case, its domain in Unicode; whether it exists is for the mail to find out.

    Raises AddressNotValid with what is wrong with it.
    """
    try:
        checked = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressNotValid(f"Please give a whole e-mail address. {error}") from None
    return checked.normalized.lower()
