"""The public log for everybody: its entries in plain words, and its files for who checks it."""
