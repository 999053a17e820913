"""The public panel: invitations, papers, blind votes on policy, and what came of them."""
