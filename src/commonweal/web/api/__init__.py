"""The programming interface under /api/v1: read the catalogue and the register; never decide."""
