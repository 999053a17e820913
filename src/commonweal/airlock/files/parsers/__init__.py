"""What reads foreign files. It runs inside the sandbox only.

It imports nothing of ours but itself. A parser answers with values, never with a file.
Its errors say "invalid" or "limit" and no more.
"""
