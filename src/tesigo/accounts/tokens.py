"""The two tokens of a sign-in: signed claims, read with suspicion."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import jwt

from tesigo.accounts.codes import keyed_hash
from tesigo.accounts.errors import TokenNotGood
from tesigo.kit.secret_keys import KeyPair

ACCESS_LIFETIME = timedelta(hours=1)
REFRESH_LIFETIME = timedelta(days=7)

TokenType = Literal["access", "refresh"]

_ALGORITHM = "HS256"
_ISSUER = "tesigo"
_AUDIENCE = "tesigo-api"
_CLAIMS = ["iss", "aud", "exp", "iat", "jti", "sub", "sid", "type"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. jti: the token's own id, a secret in the case of refresh tokens."""

    user_id: int
    sign_in_id: uuid.UUID
    jti: str


def write_token(
    kind: TokenType, claims: Claims, *, issued_at: datetime, expires_at: datetime, keys: KeyPair
) -> str:
    """Return the signed token; the same arguments give the same token."""
    return jwt.encode(
        {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "exp": int(expires_at.timestamp()),
            "iat": int(issued_at.timestamp()),
            "jti": claims.jti,
            "sub": str(claims.user_id),
            "sid": str(claims.sign_in_id),
            "type": kind,
        },
        keys.jwt_secret,
        algorithm=_ALGORITHM,
    )


def read_token(kind: TokenType, token: str, *, keys: KeyPair, now: datetime) -> Claims:
    """Return what the token claims, after everything about it was checked but its sign-in.

    Times are compared with `now`, and the type with `kind`: PyJWT would use the clock of the machine, and
    takes any type. Raises TokenNotGood, always with the same words.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            keys.jwt_secret,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            issuer=_ISSUER,
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
        )
        expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        read = Claims(
            user_id=int(claims["sub"]), sign_in_id=uuid.UUID(str(claims["sid"])), jti=str(claims["jti"])
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        raise token_not_good() from None
    if claims["type"] != kind or expires_at <= now:
        raise token_not_good()
    return read


def token_not_good() -> TokenNotGood:
    """Return the one answer to every token that is not good."""
    return TokenNotGood("Your sign-in has ended. Please sign in again.")


def first_jti() -> str:
    """Return 256 random bits, the id of a token that follows no other."""
    return secrets.token_urlsafe(32)


def next_jti(jti: str, *, keys: KeyPair) -> str:
    """Return the id of the refresh token that follows this one.

    It is derived with our key rather than drawn, so that two tabs that renew with one token at the same time
    both get the same next token, and no second branch of the family ever exists.
    """
    return keyed_hash("next refresh token", jti, secret_key=keys.secret_key)
