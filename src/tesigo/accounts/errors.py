"""What can go wrong between a stranger and a signed-in user."""

from tesigo.kit.errors import Forbidden, Invalid, LimitReached, NotSignedIn, Unavailable


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


class MailNotSent(Unavailable):
    """The mail server does not take the mail: try again later."""

    code = "mail_not_sent"
