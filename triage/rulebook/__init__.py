"""Reads `rules/**`: knowledge as data, with every mistake told by file, line and cure."""
