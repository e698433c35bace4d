"""Tests of coredns-triage; they mirror the tree."""
