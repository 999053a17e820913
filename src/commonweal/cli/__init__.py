"""The command line: thin commands over the rooms, one module for each noun.

Nothing heavy is imported until a command runs, so that help is instant. What the commands promise
(names, exit codes, `--json`) is docs/reference/commands.md, generated from them.
"""
