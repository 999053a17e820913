"""A labelled corpus of outputs: the label follows from how each one was made, from a seed."""
