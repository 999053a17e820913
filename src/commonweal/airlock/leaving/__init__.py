"""Leaving: the only way out. A frozen output, judged by two people, is released or refused."""
