"""Pods, nodes, labels, annotations and named subnets → the place of each replica, each fact with its origin."""

from __future__ import annotations

from triage.topology.build import build, node_addresses_of, replica_addresses
from triage.topology.identify import layer_of
from triage.topology.subnets import candidate_subnets

__all__ = ["build", "candidate_subnets", "layer_of", "node_addresses_of", "replica_addresses"]
