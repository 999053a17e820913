"""Texts that the public reads in the hospital's own words: written, looked at, published by two."""
