"""Writes evidence folders of CoreDNS incidents whose truth is known, to calibrate and test the inference."""
