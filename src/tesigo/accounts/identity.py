"""The values by which accounts speak to the rest of the house."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

Language = Literal["en", "uk", "it"]


@dataclass(frozen=True, slots=True)
class User:
    """Who is signed in. daily_token_limit: None when only the limit of the whole service holds."""

    id: int
    email: str
    full_name: str | None
    is_premium: bool
    is_admin: bool
    daily_token_limit: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request came from, as far as it can be known; kept with consents and sign-ins."""

    ip: str | None = None
    user_agent: str | None = None


class CameBy(StrEnum):
    """How a code of a mail came to whoever redeems it, on which depends whose codes are taken.

    LINK: with one press of a button, which somebody else's link could offer too: this browser's codes alone.
    TYPED: by a person into the form, who knows where it is from: this browser's codes, and those of programs.
    PROGRAM: without a browser: the codes of programs alone.
    """

    LINK = "link"
    TYPED = "typed"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class Redeemer:
    """Who redeems a code. browser: the secret of the browser; None for one that has none, and for a program."""

    came_by: CameBy
    browser: str | None = field(default=None, repr=False)


class ConsentKind(StrEnum):
    """What a user can agree to; essential is what the service cannot work without."""

    ESSENTIAL = "essential"
    ANALYTICS = "analytics"
    MARKETING = "marketing"


@dataclass(frozen=True, slots=True)
class Consent:
    """What was last decided about one kind, and when."""

    kind: ConsentKind
    is_given: bool
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class NewUserConsents:
    """The boxes that a new user ticked; whoever has an account already changes theirs in the settings."""

    essential: bool = False
    analytics: bool = False
    marketing: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair that belongs to one sign-in; both are secrets of the user."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user together with what proves it from now on."""

    user: User
    sign_in_id: uuid.UUID
    tokens: Tokens
