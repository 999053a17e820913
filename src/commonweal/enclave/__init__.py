"""The enclave: where researchers' code runs, and the only place where it meets data.

A study is taken in by its hash, checked against its permit at every use, queued, run in the
sandbox on one release, and what it declared is collected for the airlock. The toolkit `study`,
which runs inside a job, imports nothing of this room.
"""
