"""Commands that a report prints: others wrote the names in them, and somebody pastes them into a shell."""

from __future__ import annotations

import re

SAFE_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?\Z")


def node_log_command(node: str | None, namespace: str, pod: str) -> str | None:
    r"""An archive of a pod's logs on its node, rotated ones too; None for names that a shell could misread.

    The folder is closed to all but root, who must also be the one that finds the names in it.

    >>> node_log_command("n1", "kube-system", "coredns-x")
    'ssh n1 \'sudo sh -c "cd / && tar -chz var/log/pods/kube-system_coredns-x_*"\' > coredns-x.tar.gz'
    >>> node_log_command("n1", "$(reboot)", "coredns-x") is None
    True
    """
    if node is None or not all(map(SAFE_NAME.match, (node, namespace, pod))):
        return None
    return f"""ssh {node} 'sudo sh -c "cd / && tar -chz var/log/pods/{namespace}_{pod}_*"' > {pod}.tar.gz"""
