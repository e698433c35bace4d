"""Records that stages hand to each other: frozen, typed, without behaviour beyond reading themselves."""
