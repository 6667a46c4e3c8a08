"""What acts, not only what lights up: channels are taken out or replaced."""
