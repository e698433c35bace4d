"""Tables, objects, scrapes and tools → records."""
