"""People: accounts, organisations, roles, invitations, two factors, and made-up people."""
