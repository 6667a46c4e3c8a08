"""The operations, a file per theme; each registers itself."""
