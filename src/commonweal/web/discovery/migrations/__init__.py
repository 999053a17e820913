"""Migrations of the catalogue's pages: what the vault told of counts."""
