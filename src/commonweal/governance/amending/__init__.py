"""Changes to a project and renewals: what was allowed, what differs from it, and what is small."""
