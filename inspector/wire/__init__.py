"""Both directions of every conversion between plain data and messages."""
