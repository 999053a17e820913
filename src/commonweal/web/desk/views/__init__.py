"""Pages of the desk, and the writers' pages that answer it."""
