"""Text of the kubelet and of kubectl inside a log stream: the reader's trouble, not CoreDNS'."""

from __future__ import annotations

from triage.model.late import late

# cri-client pkg/logs ReadLogs: the error of a follower's watcher ends the stream without a newline.
_WATCHER = late(
    r"failed to create fsnotify watcher: (?:[^:\n]{1,80}: ){0,3}too many open files"
    r'|failed to watch (?:file|directory) "[^"\n]{1,600}": no space left on device'
)


def watcher_text(text: str) -> str | None:
    """The kubelet's text at the very end of a line to which it was glued; None when there is none.

    In the middle of a line or in quotes it may come from a client, who chooses query names freely.

    >>> watcher_text("[INFO] Reloadingfailed to create fsnotify watcher: too many open files")
    'failed to create fsnotify watcher: too many open files'
    """
    start = max(text.rfind("failed to create fsnotify watcher: "), text.rfind("failed to watch "))
    match = _WATCHER.fullmatch(text, start) if start > 0 else None
    return match[0] if match is not None else None
