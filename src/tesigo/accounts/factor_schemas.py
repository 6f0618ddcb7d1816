"""What the routes of the second factor take and answer."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

FactorCode = Annotated[
    str,
    Field(
        max_length=20,
        pattern=r"^ *([0-9] *){6}$",
        description="The six digits that the device shows; spaces do not count.",
        examples=["492 039"],
    ),
]


class FactorCodeToCheck(BaseModel):
    """A code that the device shows now."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: FactorCode


class FactorAnswer(BaseModel):
    """Whether sign-in asks for a second factor. confirmed_at: since when; null without one."""

    is_set_up: bool
    confirmed_at: datetime | None


class NewFactorAnswer(BaseModel):
    """What a device needs, answered once; not in force before it is confirmed."""

    secret: str = Field(description="Base 32, to be typed.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    uri: str = Field(
        description="The same for a QR code.",
        examples=[
            "otpauth://totp/TesiGo:boss%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=TesiGo"
        ],
    )
