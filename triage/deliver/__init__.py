"""A rendered report → a ticket, a chat, a mailbox, a webhook; when somebody asks. A new target: one row here."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from triage.deliver import github, gitlab, jira, mail, notify, slack, webhook
from triage.deliver.line import Line, Sender
from triage.deliver.parcel import File, Parcel, Receipt, parcel_of
from triage.deliver.settings import Settings
from triage.deliver.tickets import Opener
from triage.errors import TriageError

DESTINATIONS: Final[Mapping[str, Opener]] = MappingProxyType(
    {
        "jira": jira.open_jira,
        "github": github.open_github,
        "gitlab": gitlab.open_gitlab,
        "slack": slack.open_slack,
        "webhook": webhook.open_webhook,
        "email": mail.open_mail,
        "apprise": notify.open_apprise,
    }
)


def open_target(target: str, settings: Settings, *, resolve: bool = False) -> Sender:
    """What sends to `KIND` or `KIND:PLACE`; everything that can be known beforehand is checked here.

    Raises TriageError for an unknown kind, a place of the wrong form and a missing secret.
    """
    kind, _, place = target.partition(":")
    opener = DESTINATIONS.get(kind)
    if opener is None:
        near = get_close_matches(kind, DESTINATIONS, n=1)
        raise TriageError(
            "nothing can be sent to '{kind}'",
            hint="did you mean {known}?" if near else "choose one of: {known}",
            kind=kind,
            known=", ".join(near or DESTINATIONS),
        )
    return opener(place or settings.maybe(f"{kind.upper()}_TO") or "", settings, resolve)


__all__ = ["DESTINATIONS", "File", "Line", "Parcel", "Receipt", "Sender", "Settings", "open_target", "parcel_of"]
