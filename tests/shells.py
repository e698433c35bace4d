"""The shells that a printed script must run in."""

from __future__ import annotations

import shutil

import pytest

_COMMANDS = (["sh"], ["dash"], ["busybox", "sh"], ["bash"], ["bash", "--posix"])

every_shell = pytest.mark.parametrize(
    "shell",
    [
        pytest.param(
            [shutil.which(shell), *options],
            id=" ".join((shell, *options)),
            marks=pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed"),
        )
        for shell, *options in _COMMANDS
    ],
)
