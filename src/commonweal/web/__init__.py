"""The service: what people decide with, and what the public sees.

Django lives here and nowhere else. The web process carries papers and people's acts; it never
holds a key, a source or a release, and has no import path to the rooms that do (ARCHITECTURE 3).
"""
