"""Sweeps: what a model answers for many images that differ from one image within small windows."""
