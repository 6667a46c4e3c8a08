"""Graphs with which pictures are made: parameterizations, views, objectives, regularizers, optimizer steps.

Each is a small function or a frozen dataclass that writes nodes; all of them are differentiated by the same engine.
"""
