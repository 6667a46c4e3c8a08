"""Where a model's preprocessing is found: in its graph, its metadata, or files beside it."""
