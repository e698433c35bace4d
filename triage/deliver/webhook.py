"""A webhook of one's own: the JSON report, signed as Standard Webhooks 1 wants it (standardwebhooks.com)."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode

from msgspec import Struct

from triage.deliver.address import web
from triage.deliver.line import Line, Request, Sender
from triage.deliver.parcel import Parcel, Receipt
from triage.deliver.settings import HIDDEN, PREFIX, Settings
from triage.errors import TriageError

_MARK = "whsec_"


def open_webhook(place: str, settings: Settings, resolve: bool) -> Sender:
    """An address that takes a POST."""
    del resolve  # whoever receives reports keeps track of them
    parts = web(place, "a webhook")
    if place == settings.maybe("WEBHOOK_TO"):  # many a webhook holds its secret in the path
        settings.hide(place)
    return Webhook(
        parts.geturl(), str(parts.hostname), _key(settings.secret("WEBHOOK_SECRET", "the secret that signs"))
    )


class Webhook(Struct, frozen=True):
    """Posts the JSON report."""

    url: str
    host: str
    key: bytes

    def __call__(self, parcel: Parcel, line: Line) -> Receipt:
        """Post the report; the id stays the same when it is sent again, so that the receiver can tell."""
        body = parcel.form("json").encode()
        id, at = f"coredns-triage-{parcel.digest}", str(int(line.now()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{sign(self.key, id, at, body)}",
        }
        line.call(Request("POST", self.url, headers, content=body))
        return Receipt("sent", f"webhook:{self.host}")


def sign(key: bytes, id: str, at: str, body: bytes) -> str:
    """The signature over id, time and body."""
    return b64encode(hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    if secret == HIDDEN:
        return secret.encode()
    if not secret.startswith(_MARK):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(_MARK), validate=True)
    except binascii.Error as error:
        raise TriageError(
            "{variable} begins with whsec_, but what follows is no base64",
            hint='make one with: echo "whsec_$(openssl rand -base64 32)"',
            variable=f"{PREFIX}WEBHOOK_SECRET",
        ) from error
