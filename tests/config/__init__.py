"""Corefile, resolv.conf and upstreams."""
