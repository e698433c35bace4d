"""Mail, handed to the server that you name: TLS at once, or STARTTLS; never without."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_string
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from msgspec import Struct

from triage.deliver.line import Line, MailServer, Sender
from triage.deliver.parcel import Parcel, Receipt
from triage.deliver.settings import PREFIX, Settings
from triage.errors import TriageError

_ADDRESS = re.compile(r"[^\s@<>,;:\"\\]+@[A-Za-z0-9.-]+")
_PORTS = {"smtp": 587, "smtps": 465}


def open_mail(place: str, settings: Settings, resolve: bool) -> Sender:
    """Addresses with commas between them."""
    del resolve  # a mailbox has nothing to resolve
    to = [address.strip() for address in place.split(",") if address.strip()]
    sender = settings.maybe("EMAIL_FROM") or ""
    for address, name in [*((a, "an address of the target") for a in to or [""]), (sender, f"{PREFIX}EMAIL_FROM")]:
        if not address.isascii() or not _ADDRESS.fullmatch(address):
            raise TriageError(
                "{name} is no mail address: '{address}'", hint="write somebody@example.com", name=name, address=address
            )
    return Mailbox(_server(settings), sender, to)


def _server(settings: Settings) -> MailServer:
    said = settings.maybe("EMAIL_SERVER") or ""
    try:
        parts = urlsplit(said if "://" in said else f"smtp://{said}")
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        host, port = None, 0
    if not host or not port or "@" in parts.netloc:
        raise TriageError(
            "{variable} is no mail server",
            hint="write smtps://HOST (TLS at once) or smtp://HOST:587 (STARTTLS), without a user",
            variable=f"{PREFIX}EMAIL_SERVER",
        )
    user = settings.maybe("EMAIL_USER")
    password = settings.secret("EMAIL_PASSWORD", "the password of the mail server") if user else None
    return MailServer(host, port, parts.scheme == "smtps", user, password)


class Mailbox(Struct, frozen=True):
    """Some addresses, reached over one server."""

    server: MailServer
    sender: str
    to: Sequence[str]

    def __call__(self, parcel: Parcel, line: Line) -> Receipt:
        """Hand the message over."""
        line.mail(self.server, self.message(parcel, line.now()))
        return Receipt("sent", f"email:{','.join(self.to)}")

    def message(self, parcel: Parcel, now: float) -> EmailMessage:
        """The message: text, the same in HTML, and the files.

        Its id is made from the report: a mailbox may drop the second copy. Mails about one fault make a thread.
        """
        domain = self.sender.rpartition("@")[2]
        message = message_from_string(parcel.form("email"), policy=SMTP)
        for name in ("From", "To", "Message-ID", "References", "Date", "Auto-Submitted"):
            del message[name]
        message["From"], message["To"] = self.sender, ", ".join(self.to)
        message["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        message["Message-ID"] = f"<{parcel.digest}.coredns-triage@{domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes in answer
        if parcel.label:
            message["References"] = f"<{parcel.label}@{domain}>"
        for file in parcel.files:
            kind, _, form = file.media_type.partition("/")
            message.add_attachment(file.content, maintype=kind, subtype=form, filename=file.name)
        message.set_boundary(f"=_{parcel.digest}")
        return message
