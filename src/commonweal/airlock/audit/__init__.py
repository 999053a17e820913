"""The audit of a new output against everything that has left before (docs/explanation/audit.md)."""
