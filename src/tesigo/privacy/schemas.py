"""What privacy answers."""

from typing import Literal

from pydantic import BaseModel


class AccountDeleted(BaseModel):
    """The account is gone."""

    status: Literal["account_deleted"] = "account_deleted"
