"""Drift: where, and how far, does it compute something else than the baseline?"""
