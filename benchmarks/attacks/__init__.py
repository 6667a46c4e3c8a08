"""The service attacked on purpose: `python -m benchmarks.attacks`.

Each probe starts a server of its own on the loopback, does what a careless or hostile caller could do, within bounds of
time and memory, and tells what was answered, how long it took, how much memory the server's processes had at most, and
whether another caller noticed. docs/security.md has the table; docs/decisions/0064-attacks.md says why it is so.
"""
