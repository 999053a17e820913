"""What everybody may read: texts about how patients' records are used, with owner and review date.

Texts are Markdown files with a head. They ship with the software, and a hospital may put its own in
their place, in its home.
"""
