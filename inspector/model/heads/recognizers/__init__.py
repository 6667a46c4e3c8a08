"""One kind of head per file."""
