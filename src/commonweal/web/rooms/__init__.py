"""The rooms for those who look after them: which of them work, what waits, which guards hold."""
