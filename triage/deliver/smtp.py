"""Handing a message to a mail server, at one of the addresses that were checked."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from email.message import EmailMessage

from triage.deliver.line import MailServer
from triage.deliver.patience import LaterError
from triage.errors import DeliveryError


def hand_over(
    server: MailServer, addresses: Sequence[str], message: EmailMessage, timeout_s: float, mask: Callable[[str], str]
) -> None:
    """Hand the message over, encrypted, or not at all.

    Raises LaterError for what may pass, DeliveryError for what will not.
    """
    trust, host = ssl.create_default_context(), server.host
    try:
        with _connected(server, addresses, timeout_s, trust) as smtp:
            if not server.tls_at_once:
                smtp.starttls(context=trust)
            if server.user is not None:
                smtp.login(server.user, server.password or "")
            refused = smtp.send_message(message)
    except ssl.SSLError as error:
        raise DeliveryError(
            "{host} is not trusted: {why}",
            hint="for an authority of your own, name its certificates in SSL_CERT_FILE; port 465 wants smtps://",
            host=host,
            why=error,
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryError(
            "{host} does not offer it: {why}", hint="use a port of it that offers TLS and a login", host=host, why=error
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise DeliveryError(
            "{host} refused {who}", hint="correct the address", host=host, who=", ".join(error.recipients)
        ) from error
    except smtplib.SMTPResponseException as error:
        said = mask(_words(error.smtp_error))
        if error.smtp_code < 500:
            raise LaterError(
                "{host} answered {status}: {said}",
                hint="send the report again later",
                host=host,
                status=error.smtp_code,
                said=said,
            ) from error
        raise DeliveryError(
            "{host} answered {status}: {said}",
            hint="look at user, password, sender and addressees",
            host=host,
            status=error.smtp_code,
            said=said,
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise LaterError(
            "{host} cannot be reached, or broke the connection: {why}",
            hint="send the report again later",
            host=host,
            why=error,
        ) from error
    if refused:
        raise DeliveryError(
            "{host} refused {who}; the others have it", hint="correct the address", host=host, who=", ".join(refused)
        )


def _connected(server: MailServer, addresses: Sequence[str], timeout_s: float, trust: ssl.SSLContext) -> smtplib.SMTP:
    """A connection that greets the server by its name but goes to a checked address."""

    class Checked(smtplib.SMTP):
        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            failure = OSError("no address")
            for address in addresses:
                try:
                    return socket.create_connection((address, port), timeout)
                except OSError as error:
                    failure = error
            raise failure

    class CheckedTls(smtplib.SMTP_SSL, Checked):
        """`SMTP_SSL` wraps what the next class connects."""

    if server.tls_at_once:
        return CheckedTls(server.host, server.port, timeout=timeout_s, context=trust)
    return Checked(server.host, server.port, timeout=timeout_s)


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]
