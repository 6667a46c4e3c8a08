"""Ways in which a model can be wrong: one small change each, of whatever the model happens to hold."""
