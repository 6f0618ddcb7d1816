"""What can go wrong between a stranger and a signed-in user."""

from tesigo.kit.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LimitReached,
    NotFound,
    NotSignedIn,
    Unavailable,
)


class LinkCodeNotValid(Invalid):
    """The code is wrong, used or expired; which of them is not told: ask for a new link."""

    code = "code_not_valid"


class ConsentRequired(Invalid):
    """A new user has not agreed to the processing of their data; the code stays usable."""

    code = "consent_required"


class AddressNotValid(Invalid):
    """This is not an e-mail address that a mail can be sent to."""

    code = "address_not_valid"


class TooManyLinks(LimitReached):
    """Enough links were sent to this address, known or not; those that are younger than 10 minutes work."""

    code = "too_many_links"


class TokenNotGood(NotSignedIn):
    """The token is forged, of the wrong type, expired or revoked; which of them is not told."""

    code = "token_not_good"


class CrossOrigin(Forbidden):
    """A page of another site tried to act with our cookie."""

    code = "cross_origin"


class CodeOfOtherBrowser(Invalid):
    """The code is good, but was asked for in another browser: type it there, or ask for a new mail here."""

    code = "code_of_other_browser"


class MailNotSent(Unavailable):
    """The mail was not taken: the same one may be later. The queue sends it again; nobody else hears of it."""


class MailRefused(Invalid):
    """No mail for this address will ever be taken: the queue gives it up, and nobody else hears of it."""


class SignInNotFound(NotFound):
    """There is no such sign-in, it has ended, or it is somebody else's; which of them is not told."""


class AdministratorsOnly(Forbidden):
    """This is for administrators."""

    code = "administrators_only"


class SecondFactorRequired(Invalid):
    """The code of the link is right, and the account asks for a second factor: bring both; the code stays usable."""

    code = "second_factor_required"


class SecondFactorNotValid(Invalid):
    """The digits are wrong or were taken before; the code of the link stays usable."""

    code = "second_factor_not_valid"


class SecondFactorInForce(Conflict):
    """There is a second factor already: remove it before another one is set up."""

    code = "second_factor_in_force"


class NoSecondFactor(NotFound):
    """None is being set up, or none is in force."""

    code = "no_second_factor"


class AddressUnknown(Invalid):
    """Nobody who uses this installation has the address."""

    code = "address_unknown"


class AdministratorBySetting(Invalid):
    """ADMIN_EMAILS makes this user an administrator at every sign-in: take the address out there first."""

    code = "administrator_by_setting"


class UserGone(NotFound):
    """The user was deleted."""
