"""Mutated models, images and requests: whatever is made of them, nothing but a named error may come of it."""
