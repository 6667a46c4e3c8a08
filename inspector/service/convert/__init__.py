"""Wire messages to Python values and back; nothing here computes."""
