"""The service beside the vault that answers one signed-in person about their own record (S8)."""
