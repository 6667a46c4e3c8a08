"""The public Python face: one model class, wherever the model runs."""
