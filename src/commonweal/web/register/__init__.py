"""The public register: which projects use data, why, until when, and what became of them."""
