"""Corefile and resolv.conf as CoreDNS reads them → the upstreams of each (replica, zone)."""

from __future__ import annotations

from triage.config.corefile import read_corefile
from triage.config.resolv_conf import read_resolv_conf
from triage.config.upstreams import configure, zone_finder, zone_of

__all__ = ["configure", "read_corefile", "read_resolv_conf", "zone_finder", "zone_of"]
