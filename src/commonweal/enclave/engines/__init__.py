"""Engines: what runs a job. The local sandbox is the default; a site's cluster is behind one port.

`port` is what they have in common, `tes` speaks GA4GH TES 1.1, `kubernetes` writes manifests.
"""
