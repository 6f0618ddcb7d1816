"""Codes that change with the time (TOTP): six digits, a new one every 30 seconds.

From: RFC 6238 (sections 4 and 5.2) and RFC 4226 (section 5.3), read 2026-11-23.
"""

import base64
import hmac
import secrets
from datetime import datetime

import pyotp

from tesigo.accounts.codes import keyed_hash
from tesigo.kit.secret_keys import KeyPair

_ISSUER = "TesiGo"
_STEP_S = 30
_DRIFT_STEPS = 1
_SECRET_BYTES = 20
"""As long as the output of SHA-1, which the applications on telephones count with (RFC 4226, section 4)."""


def generate_seed() -> str:
    """Return 256 random bits that are of no use without the installation's key."""
    return secrets.token_hex(32)


def derive_secret(seed: str, *, keys: KeyPair) -> str:
    """Return the secret that a device shares with us, 32 letters of base 32; the same for the same seed."""
    digits = keyed_hash("second factor", seed, secret_key=keys.secret_key)
    return base64.b32encode(bytes.fromhex(digits)[:_SECRET_BYTES]).decode()


def provisioning_uri(secret: str, *, email: str) -> str:
    """Return the address that a device reads from a QR code.

    From: github.com/google/google-authenticator/wiki/Key-Uri-Format, read 2026-11-23.
    """
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER)


def find_step(secret: str, typed: str, *, now: datetime) -> int | None:
    """Return the step of time whose code was typed, None when it is that of none within one step of now.

    typed: six digits; spaces do not count.
    """
    digits = "".join(typed.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    codes, current = pyotp.HOTP(secret), int(now.timestamp()) // _STEP_S
    steps = range(current - _DRIFT_STEPS, current + _DRIFT_STEPS + 1)
    found = [step for step in steps if hmac.compare_digest(codes.at(step), digits)]
    return found[-1] if found else None
