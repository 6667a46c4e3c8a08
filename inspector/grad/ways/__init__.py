"""Which of several ways, all of one result, writes a derivative: measured choices (docs/benchmarks/backward.md)."""
