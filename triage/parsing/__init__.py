"""Text to meaning, once per distinct message. A parser returns; it never raises on input."""
