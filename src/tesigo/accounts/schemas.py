"""What the routes of accounts take and answer."""

import re
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from tesigo.accounts.addresses import normalise_address
from tesigo.accounts.errors import AddressNotValid
from tesigo.accounts.factor_schemas import FactorCode
from tesigo.accounts.identity import Consent, ConsentKind, Language, NewUserConsents, SignedIn, User
from tesigo.accounts.tokens import ACCESS_LIFETIME


def _address(text: str) -> str:
    try:
        return normalise_address(text)
    except AddressNotValid as error:
        raise ValueError(error.message) from None


_UNSEEN = (
    r"\u0000-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    r"\ufff9-\ufffb"
)
"""Controls, marks of direction and halves of surrogate pairs: they would stand unseen on a title page."""

_NAME = rf"^[^{_UNSEEN}]*[^\s{_UNSEEN}][^{_UNSEEN}]*$"


def _is_seen(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise ValueError("must be a name of characters that can be seen")
    return name


_FullName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_is_seen),
    Field(examples=["Olena Kovalenko"], json_schema_extra={"pattern": _NAME}),
]
_RefreshToken = Annotated[
    str, Field(min_length=1, max_length=2_000, examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ…"])
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LinkRequest(_Request):
    """Who wants to sign in."""

    email: Annotated[
        str,
        Field(max_length=320, examples=["olena@example.com"], json_schema_extra={"format": "email"}),
        AfterValidator(_address),
    ]
    language: Language = Field("en", description="The language of the mail.")


class CodeToRedeem(_Request):
    """A code from a mail, and what a new user agrees to."""

    code: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            description="From the mail, with or without dashes, in upper or lower case.",
            examples=["MFRG-GZDF-MZTW-Q2LK-NRWX-G5DV-OZ3X"],
        ),
    ]
    second_factor: FactorCode | None = Field(
        None, description="Needed for an account that has a second factor in force."
    )
    gdpr_consent: bool = Field(False, description="Needed once, when the account is opened.")
    analytics_consent: bool = False
    marketing_consent: bool = False

    @property
    def consents(self) -> NewUserConsents:
        """The boxes that were ticked."""
        return NewUserConsents(self.gdpr_consent, self.analytics_consent, self.marketing_consent)


class TokenToRefresh(_Request):
    """The newest refresh token of a sign-in; it can be spent once."""

    refresh_token: _RefreshToken


class TokenToEnd(_Request):
    """A refresh token of the sign-in that shall end."""

    refresh_token: _RefreshToken


class ConsentsToDecide(_Request):
    """What the user agrees to from now on."""

    analytics: bool
    marketing: bool


class NameToSet(_Request):
    """The user's own name."""

    full_name: _FullName | None = Field(description="Null for none.")


class Accepted(BaseModel):
    """The one answer to every request for a link."""

    detail: str = "If the address is right, a mail with a link and a code is on its way."


class UserAnswer(BaseModel):
    """A user, as they see themselves."""

    id: int
    email: str
    full_name: str | None
    is_premium: bool
    is_admin: bool
    daily_token_limit: int | None = Field(description="Null when only the limit of the service holds.")
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the answer for this user."""
        return cls(
            id=user.id,
            email=user.email,
            full_name=user.full_name,
            is_premium=user.is_premium,
            is_admin=user.is_admin,
            daily_token_limit=user.daily_token_limit,
            created_at=user.created_at,
        )


class OwnUserAnswer(UserAnswer):
    """The user who asks, with what they have used."""

    tokens_used_today: int = Field(
        description="Of language models, since midnight UTC; also what was used for documents that were deleted."
    )

    @classmethod
    def with_tokens(cls, user: User, tokens_used_today: int) -> Self:
        """Return the answer for this user, who has used so many tokens today."""
        return cls(**UserAnswer.of(user).model_dump(), tokens_used_today=tokens_used_today)


class TokensAnswer(BaseModel):
    """A pair of tokens and whom they stand for."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme, no secret
    expires_in: int = Field(description="Seconds for which the access token is good.", examples=[3600])
    user: UserAnswer

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        """Return the answer for this sign-in."""
        return cls(
            access_token=signed_in.tokens.access,
            refresh_token=signed_in.tokens.refresh,
            expires_in=int(ACCESS_LIFETIME.total_seconds()),
            user=UserAnswer.of(signed_in.user),
        )


class ConsentAnswer(BaseModel):
    """What was last decided about one kind, and when."""

    is_given: bool
    decided_at: datetime


class ConsentsAnswer(BaseModel):
    """What holds now; null for what was never decided."""

    essential: ConsentAnswer | None
    analytics: ConsentAnswer | None
    marketing: ConsentAnswer | None

    @classmethod
    def of(cls, consents: dict[ConsentKind, Consent]) -> Self:
        """Return the answer for these consents."""
        answers = {
            kind: ConsentAnswer(is_given=consent.is_given, decided_at=consent.decided_at)
            for kind, consent in consents.items()
        }
        return cls(
            essential=answers.get(ConsentKind.ESSENTIAL),
            analytics=answers.get(ConsentKind.ANALYTICS),
            marketing=answers.get(ConsentKind.MARKETING),
        )
