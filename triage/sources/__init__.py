"""Evidence → Bundle: folders, files, archives, pasted text (`load`), and a live cluster (`live`), apart from these."""
