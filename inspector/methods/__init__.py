"""The inspection methods, one file each: what it computes, nothing about wires or files. See catalog."""
