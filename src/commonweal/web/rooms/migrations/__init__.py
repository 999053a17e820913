"""Migrations of the rooms' rows."""
