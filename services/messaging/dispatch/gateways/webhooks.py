"""Callbacks signed by Standard Webhooks: HMAC over id, timestamp and the raw body, five minutes either way."""

from collections.abc import Sequence

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.messaging.dispatch.ports import Callback


def is_signed(callback: Callback, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed it; two hold while a key is being changed."""
    return any(_signed_with(callback, secret) for secret in secrets)


def _signed_with(callback: Callback, secret: str) -> bool:
    try:
        Webhook(secret).verify(callback.body, dict(callback.headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True
