"""The hospital's other projects: a dozen that ended, run, wait or were refused (`projects.yaml`).

Each goes the whole way through the service's own steps: an application, the desk, the committee's
votes, the agreement, the permit and what came after. Time is moved, nothing else: the clock of the
service and of the signer stands where the story says, and every check looks at that clock.

Django stands on one home for as long as a process lives, so this runs in a process of its own:
`python -m commonweal.demo.others`.
"""
