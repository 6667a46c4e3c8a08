"""Columns by which formats know the table of layers that `layers-drift` shows."""

LAYER, ERROR, OWN_ERROR, COSINE = "layer", "relative error", "of which its own", "cosine"
