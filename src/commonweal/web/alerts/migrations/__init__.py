"""Migrations of mail about new projects."""
