"""Recorded answers: how they are made, how far others may be from them, and how that is told."""
