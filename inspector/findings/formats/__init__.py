"""How findings are written, one file each; each registers itself."""
