"""Changes of the tables, made by Django."""
