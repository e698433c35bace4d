"""What a status means that ends the delivery, and what to do about it."""

from __future__ import annotations

from urllib.parse import urlsplit

from triage.errors import DeliveryError

_MEANINGS = {
    400: "the target does not understand the request: look at it with --dry-run",
    401: "the secret is wrong, or has expired",
    403: "the secret is right, but its owner may not do this there",
    404: "no such place, or its existence is hidden from the owner of this secret",
    410: "what was there has been removed",
    413: "the target takes only smaller files",
    422: "the target does not take these values: look at them with --dry-run",
}


def refusal(status: int, host: str, said: str, location: str | None = None) -> DeliveryError:
    """The error of a status; `said` is the beginning of the target's own words."""
    if 300 <= status < 400:
        elsewhere = urlsplit(location or "").hostname or host
        return DeliveryError(
            "{host} answered {status} and points to {elsewhere}; redirects are not followed",
            hint="name the address on {elsewhere} in --to if that is the right one",
            host=host,
            status=status,
            elsewhere=elsewhere,
        )
    meaning = _MEANINGS.get(status, "look at the request with --dry-run")
    return DeliveryError("{host} answered {status}: {said}", hint=meaning, host=host, status=status, said=said)
