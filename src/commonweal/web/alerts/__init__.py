"""Mail to everybody who wants to hear of new projects, without an account."""
