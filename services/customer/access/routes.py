"""Tokens for machines, and the public keys everybody may check them with."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.customer.access import usecases
from services.customer.access.errors import TokenRefused
from services.customer.access.gateways.argon2id import hasher_for
from services.customer.access.ports import SecretHasher
from services.customer.access.schemas import (
    FORM,
    TOKEN_FORM,
    Jwks,
    TokenRead,
    TokenRefusal,
    TokenRequest,
    read_token_request,
)
from services.customer.config import CustomerSettings
from shared import clock
from shared.runtime import Runtime
from shared.security import roles, tokens
from shared.web.dependencies import Here

router = APIRouter(tags=["access"])
NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@router.post(
    "/customer/v1/oauth/token",
    response_model=TokenRead,
    responses={400: {"model": TokenRefusal}, 401: {"model": TokenRefusal}},
    openapi_extra={"requestBody": {"required": True, "content": {FORM: {"schema": TOKEN_FORM}}}},
)
async def issue_token(request: Request, here: Here) -> JSONResponse:
    """RFC 6749 client credentials: form body, credentials by HTTP Basic or in the body."""
    try:
        asked = read_token_request(
            request.headers.get("content-type", ""),
            request.headers.get("authorization"),
            await request.body(),
        )
        answer = await _token_for(asked, here, hasher_for(here.settings))
    except TokenRefused as refused:
        return _refusal(refused)
    return JSONResponse(answer.model_dump(), headers=NOT_KEPT)


@router.get("/customer/.well-known/jwks.json", response_model=Jwks)
async def jwks(here: Here) -> JSONResponse:
    """The public halves of the signing keys; to be fetched again after an hour or for an unknown `kid`."""
    return JSONResponse(here.keyring.jwks(), headers={"Cache-Control": "public, max-age=3600"})


async def _token_for(asked: TokenRequest, here: Runtime, hasher: SecretHasher) -> TokenRead:
    async with here.database.reading() as session:
        claimant = await usecases.begin_token_request(session, asked.client_id, now=clock.now())
    succeeded = await _any_matches(hasher, claimant.hashes, asked.client_secret)
    if claimant.has_failures or not succeeded:
        async with here.database.transaction() as session:
            await usecases.settle_token_request(
                session, asked.client_id, succeeded=succeeded, now=clock.now()
            )
    if claimant.client is None or not succeeded:
        raise TokenRefused("invalid_client", "unknown client or wrong secret")
    client = claimant.client
    scopes = usecases.granted_scopes(roles.scopes_of(client.role), asked.scope)
    lifetime = CustomerSettings.of(here.settings).token_minutes * 60
    token = tokens.issue(
        here.keyring,
        subject=client.client_id,
        role=client.role,
        county=client.county,
        hall=client.hall,
        scopes=scopes,
        name=client.name,
        issuer=here.settings.public_url,
        lifetime=lifetime,
    )
    return TokenRead(access_token=token, expires_in=lifetime, scope=" ".join(sorted(scopes)))


async def _any_matches(hasher: SecretHasher, hashes: tuple[str, ...], secret: str) -> bool:
    for hashed in hashes or (None,):
        if await hasher.verify(hashed, secret):
            return True
    return False


def _refusal(refused: TokenRefused) -> JSONResponse:
    headers = dict(NOT_KEPT)
    if refused.error == "invalid_client":
        headers["WWW-Authenticate"] = 'Basic realm="hall", charset="UTF-8"'
    body = TokenRefusal(error=refused.error, error_description=refused.description)
    status = 401 if refused.error == "invalid_client" else 400
    return JSONResponse(body.model_dump(), status_code=status, headers=headers)
