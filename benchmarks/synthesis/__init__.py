"""Synthesis measured: judged by networks that were not optimized, and in steps per second beside PyTorch."""
