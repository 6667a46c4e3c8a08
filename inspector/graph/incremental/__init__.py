"""Incremental inference: which part of every map a change of the image can reach, and the graphs that compute it again.

Nakandala et al. 2019, "Incremental and approximate inference for faster occlusion-based deep CNN explanations", SIGMOD.
"""
