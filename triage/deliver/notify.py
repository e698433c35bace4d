"""Teams, PagerDuty and the long tail: Apprise (extra `notify`) sends, over connections that are checked as ours are.

Apprise opens its connections itself, so each is looked at in the moment in which it is opened (an audit hook), whatever
name it was looked up for. It follows no redirects, and no URL without TLS is taken.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from triage.deliver.address import Resolve, is_public
from triage.deliver.line import Line, Sender
from triage.deliver.parcel import Parcel, Receipt
from triage.deliver.settings import PREFIX, Settings
from triage.errors import DeliveryError, TriageError

_CALL = re.compile(r"@(?=(?:all|channel|everyone|here)\b)", re.IGNORECASE)
"""Words that would wake everybody; the `@` of a command stays as it is."""
_watched: list[Callable[[str], bool]] = []
"""The judge of addresses while Apprise sends; a hook of the interpreter cannot be taken away again."""


def open_apprise(place: str, settings: Settings, resolve: bool) -> Sender:
    """URLs of Apprise, which are secrets and so come from the environment or a file."""
    del resolve  # what Apprise reaches has nothing to resolve
    urls = settings.secrets("APPRISE_URLS")
    if find_spec("apprise") is None and not settings.rehearsal:
        raise TriageError("Apprise is not installed", hint="pip install 'coredns-triage[notify]'")
    if place or not urls:
        raise TriageError(
            "Apprise URLs hold secrets, so --to does not take them" if place else "there is no Apprise URL",
            hint="put them into {variable}, or name a file that holds them in {variable}_FILE; then send --to apprise",
            variable=f"{PREFIX}APPRISE_URLS",
        )
    return Services(tuple(urls))


class Services(Struct, frozen=True):
    """All services of some URLs."""

    urls: Sequence[str]

    def __call__(self, parcel: Parcel, line: Line) -> Receipt:
        """Send the first screen; most of these services take no more than a short text."""
        screen = parcel.form("text").partition("\n\n")[0]
        line.notify(self.urls, parcel.title, _CALL.sub("@\u2060", screen))
        return Receipt("sent", "apprise")


def hand_over(
    urls: Sequence[str],
    title: str,
    body: str,
    *,
    allowed: Collection[str],
    proxy: str | None,
    resolve: Resolve,
    mask: Callable[[str], str],
) -> None:
    """Let Apprise send; raises DeliveryError when one of the services did not take it."""
    import apprise

    services = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False, async_mode=False))
    for url in urls:
        services.add(_service(apprise, url))
    hosts = {*allowed, *([str(urlsplit(proxy).hostname)] if proxy else [])}
    known = {address for host in hosts for address in _addresses(host, resolve)}
    refused: list[str] = []

    def judge(address: str) -> bool:
        good = address in known or is_public(address)
        refused.extend([] if good else [address])
        return good

    with _watching(judge), _log(apprise) as told:
        done = services.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
    if refused:
        raise DeliveryError(
            "not sent to {addresses}: not a public address",
            hint="add --allow-host HOST if the report may go there",
            addresses=", ".join(dict.fromkeys(refused)),
        )
    if not done:
        said = mask(" ".join(told.getvalue().split()))[:200]
        raise DeliveryError(
            "Apprise could not deliver: {said}", hint="try the URLs with the command apprise -vv", said=said
        )


def _log(apprise: Any) -> Any:  # noqa: ANN401  an optional library
    """What it has to say, instead of printing it on stderr."""
    return apprise.LogCapture(level=logging.WARNING)


def _service(apprise: Any, url: str) -> Any:  # noqa: ANN401  an optional library
    """One service, with TLS and without redirects; its URL is not told, for it holds a secret."""
    service = apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(http_redirects=False))
    kind = url.partition(":")[0]
    if service is None:
        raise DeliveryError(
            "Apprise does not understand one of the URLs: {kind}://…", hint="see its list of services", kind=kind
        )
    secure = service.secure_protocol or ()
    if service.schema not in ((secure,) if isinstance(secure, str) else secure):
        raise DeliveryError("{kind}:// is not encrypted", hint="many services have {kind}s:// too", kind=kind)
    service.redirects = False
    return service


def _addresses(host: str, resolve: Resolve) -> list[str]:
    try:
        return resolve(host, 443)
    except OSError:
        return []


@contextmanager
def _watching(judge: Callable[[str], bool]) -> Iterator[None]:
    """Refuse connections to addresses that the judge does not like."""
    if _hook not in _hooks:
        _hooks.append(_hook)
        sys.addaudithook(_hook)
    _watched.append(judge)
    try:
        yield
    finally:
        _watched.remove(judge)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _watched and isinstance(args[1], tuple):
        address = str(args[1][0])
        if not _watched[-1](address):
            raise ConnectionRefusedError(f"{address} is not a public address")


_hooks: list[Callable[[str, tuple[Any, ...]], None]] = []
