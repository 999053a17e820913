"""How the tables of this app came about."""
