"""Foundation: what every room stands on, with no knowledge of any room.

Identifiers, the clock port, canonical JSON, strict parsing of documents, one error root with
stable codes, durable files, and sealing of files with keys that are handed in.
"""
