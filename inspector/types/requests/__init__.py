"""What can be asked of a model: one file per verb, each plain data."""
