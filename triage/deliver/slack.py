"""Slack: an incoming webhook, or a channel by a bot's token, which can also upload the report as a file."""

from __future__ import annotations

import json
import re

from msgspec import Struct

from triage.deliver.address import web
from triage.deliver.line import Json, Line, Request, Sender
from triage.deliver.parcel import File, Parcel, Receipt
from triage.deliver.settings import PREFIX, Settings
from triage.errors import DeliveryError, TriageError

_CHANNEL = re.compile(r"[CGD][A-Z0-9]{6,}|#?[^\s:/#]{1,80}")
_MEANINGS = {
    "not_in_channel": "invite the bot into the channel: /invite @BOT",
    "channel_not_found": "use the channel's id (C…), and invite the bot if it is private",
    "missing_scope": "the bot needs the scopes chat:write and files:write",
    "invalid_auth": "the token is wrong, or has been revoked",
}


def open_slack(place: str, settings: Settings, resolve: bool) -> Sender:
    """A channel by a bot's token; without a channel the webhook, whose address is a secret."""
    del resolve  # a chat has nothing to resolve
    variable = f"{PREFIX}SLACK_TO"
    from_settings = settings.maybe("SLACK_TO") == place
    if "://" in place:
        if not from_settings:
            raise TriageError(
                "a Slack webhook is a secret",
                hint="put it into {variable}, and send --to slack",
                variable=variable,
            )
        settings.hide(place)
        return Webhook(web(place, "a Slack webhook").geturl())
    if not place:
        settings.secret("SLACK_TO", "the Slack webhook")
        return Webhook("https://hooks.slack.com/services/***")
    if not _CHANNEL.fullmatch(place):
        raise TriageError(
            "'{place}' is no Slack channel",
            hint="write slack:C0123456789, the id in the channel's details",
            place=variable if from_settings else place,
        )
    api = web(settings.maybe("SLACK_API") or "https://slack.com/api", "Slack").geturl()
    return Channel(api.rstrip("/"), settings.secret("SLACK_TOKEN", "the token of the Slack bot"), place)


class Webhook(Struct, frozen=True):
    """An incoming webhook: one channel, text only."""

    url: str

    def __call__(self, parcel: Parcel, line: Line) -> Receipt:
        """Post the message."""
        line.call(Request("POST", self.url, json=json.loads(parcel.form("slack"))))
        return Receipt("sent", "slack")


class Channel(Struct, frozen=True):
    """A channel by a bot's token."""

    api: str
    token: str
    channel: str

    def __call__(self, parcel: Parcel, line: Line) -> Receipt:
        """Post the message, and the files into its thread."""
        message = json.loads(parcel.form("slack"))
        posted = self._call(
            line, "chat.postMessage", "channel", "ts", json={"channel": self.channel, "unfurl_links": False, **message}
        )
        channel, thread = str(posted.get("channel")), str(posted.get("ts"))
        uploaded = [self._upload(line, file) for file in parcel.files]
        if uploaded:
            end = {"files": uploaded, "channel_id": channel, "thread_ts": thread}
            self._call(line, "files.completeUploadExternal", json=end)
        return Receipt("sent", f"slack:{self.channel}")

    def _upload(self, line: Line, file: File) -> Json:
        """Upload one file; it stays unseen until the uploads are completed."""
        asked = {"filename": file.name, "length": str(len(file.content))}
        place = self._call(line, "files.getUploadURLExternal", "upload_url", "file_id", form=asked)
        kind = {"Content-Type": "application/octet-stream"}
        line.call(Request("POST", str(place.get("upload_url")), kind, content=file.content))
        return {"id": place.get("file_id"), "title": file.name}

    def _call(
        self, line: Line, method: str, *needed: str, json: object = None, form: dict[str, str] | None = None
    ) -> Json:
        """Call a method; Slack tells its errors with status 200."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if json is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        answer = line.call(Request("POST", f"{self.api}/{method}", headers, json=json, form=form))
        record = answer.record()
        if record.get("ok") is not True:
            error = str(record.get("error"))
            meaning = _MEANINGS.get(error, "see what Slack's API reference says about it")
            raise DeliveryError("Slack did not take it: {error}", hint=meaning, error=error)
        return answer.record(*needed)
