"""What the routes of the list of sign-ins answer."""

import uuid
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from tesigo.accounts.sign_ins_service import SignIn


class SignInAnswer(BaseModel):
    """A sign-in that holds."""

    id: uuid.UUID
    created_at: datetime
    renewed_at: datetime = Field(description="When its tokens were last renewed.")
    expires_at: datetime = Field(description="When it ends unless it is renewed before.")
    ip: str | None = Field(description="The address that signed in.", examples=["192.0.2.7"])
    user_agent: str | None = Field(description="The program that signed in, as it called itself.")
    is_current: bool = Field(description="Whether this request was made by it.")

    @classmethod
    def of(cls, sign_in: SignIn, *, current_id: uuid.UUID) -> Self:
        """Return the answer for this sign-in."""
        return cls(
            id=sign_in.id,
            created_at=sign_in.created_at,
            renewed_at=sign_in.renewed_at,
            expires_at=sign_in.expires_at,
            ip=sign_in.ip,
            user_agent=sign_in.user_agent,
            is_current=sign_in.id == current_id,
        )


class SignInsAnswer(BaseModel):
    """All sign-ins of the user that hold, newest use first."""

    items: list[SignInAnswer]
