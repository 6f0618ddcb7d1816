"""Sign-in and the signed-in user, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from tesigo.accounts import service, sign_in, users_service
from tesigo.accounts.identity import CameBy, Redeemer
from tesigo.accounts.ports import TokensToday
from tesigo.accounts.schemas import (
    Accepted,
    CodeToRedeem,
    ConsentsAnswer,
    ConsentsToDecide,
    LinkRequest,
    NameToSet,
    OwnUserAnswer,
    TokensAnswer,
    TokenToEnd,
    TokenToRefresh,
)
from tesigo.accounts.session import CurrentUser, VisitorNow
from tesigo.kit.problems import problem_responses
from tesigo.kit.requests import Now, Tx

auth = APIRouter(prefix="/auth", tags=["sign-in"])
user = APIRouter(prefix="/user", tags=["user"])


def _tokens_today_of(request: Request) -> TokensToday:
    """Return who knows the tokens that were used (`app.state.tokens_today`)."""
    tokens_today: TokensToday = request.app.state.tokens_today
    return tokens_today


_CountTokens = Annotated[TokensToday, Depends(_tokens_today_of)]


@auth.post(
    "/magic-link",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Mail a link and a code to sign in with",
    responses=problem_responses(422, 429, 503),
)
async def request_magic_link(request: Request, wanted: LinkRequest) -> Accepted:
    """Answer the same for every address, whether it belongs to a user or not.

    The link and the code work once, for 10 minutes. Of requests from one client address, and likewise to one e-mail
    address, as many pass in 15 minutes as the installation allows; then the answer is 429 with `Retry-After`.
    """
    await sign_in.send_link(request, email=wanted.email, language=wanted.language, browser=None)
    return Accepted()


@auth.post(
    "/magic-link/verify",
    summary="Sign in with the code",
    responses=problem_responses(400, 422, 429, 503),
)
async def verify_magic_link(request: Request, response: Response, redeemed: CodeToRedeem) -> TokensAnswer:
    """Exchange the code for a pair of tokens.

    A new user has to give `gdpr_consent`; without it the answer is 400 with the code `consent_required`, and
    the code from the mail can be used again. A wrong, used or expired code answers 400 `code_not_valid`; one that
    a browser asked for on a page works there alone: 400 `code_of_other_browser`, and it stays good.

    An account with a second factor needs `second_factor` too: without it the answer is 400 with the code
    `second_factor_required`, with a wrong one or one that was used `second_factor_not_valid`; the code from the
    mail stays good. After five wrong ones in 15 minutes the answer is 429, also to the right one.
    """
    signed_in = await sign_in.sign_in(
        request,
        code=redeemed.code,
        redeemer=Redeemer(CameBy.PROGRAM),
        consents=redeemed.consents,
        second_factor=redeemed.second_factor,
    )
    response.headers["Cache-Control"] = "no-store"
    return TokensAnswer.of(signed_in)


@auth.post(
    "/refresh",
    summary="Renew the tokens",
    responses=problem_responses(401, 422),
)
async def refresh(request: Request, response: Response, spent: TokenToRefresh) -> TokensAnswer:
    """Exchange a refresh token for the next pair of tokens.

    Each works once. Using one a second time ends the sign-in, for then two parties hold it; only within 10
    seconds, and while its successor is unused, the same successor is given again.
    """
    signed_in = await sign_in.renew(request, refresh_token=spent.refresh_token)
    response.headers["Cache-Control"] = "no-store"
    return TokensAnswer.of(signed_in)


@auth.post(
    "/logout",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign out",
    responses=problem_responses(401, 422),
)
async def sign_out(request: Request, ended: TokenToEnd) -> None:
    """End the sign-in that the refresh token belongs to: its access tokens stop working at once.

    It may be called again, and with any refresh token of the sign-in that has not expired.
    """
    await sign_in.sign_out(request, refresh_token=ended.refresh_token)


@user.get("/me", summary="The signed-in user", responses=problem_responses(401))
async def read_current_user(
    current: CurrentUser, tx: Tx, now: Now, tokens_today: _CountTokens
) -> OwnUserAnswer:
    """Return who is signed in, with the tokens of language models that they have used today."""
    return OwnUserAnswer.with_tokens(current, await tokens_today(tx, current.id, now))


@user.patch("/me", summary="Change one's own name", responses=problem_responses(401, 403, 422))
async def rename_current_user(
    current: CurrentUser, tx: Tx, now: Now, tokens_today: _CountTokens, wanted: NameToSet
) -> OwnUserAnswer:
    """Set the name that stands on title pages, or remove it; nothing else of a user can be set here."""
    renamed = await users_service.rename_user(tx, current.id, wanted.full_name)
    return OwnUserAnswer.with_tokens(renamed, await tokens_today(tx, current.id, now))


@user.get("/consents", summary="What the user agreed to", responses=problem_responses(401))
async def read_consents(current: CurrentUser, tx: Tx) -> ConsentsAnswer:
    """Return the consents that hold now, each with the time of its decision."""
    return ConsentsAnswer.of(await service.get_consents(tx, current.id))


@user.put("/consents", summary="Agree or withdraw", responses=problem_responses(401, 403, 422))
async def decide_consents(
    current: CurrentUser, tx: Tx, now: Now, visitor: VisitorNow, wanted: ConsentsToDecide
) -> ConsentsAnswer:
    """Decide about analytics and marketing anew, and return what holds now.

    Earlier decisions are kept, with time, address and browser. The essential consent ends with the account.
    """
    return ConsentsAnswer.of(
        await service.decide_consents(
            tx,
            current.id,
            analytics=wanted.analytics,
            marketing=wanted.marketing,
            visitor=visitor,
            now=now,
        )
    )
