"""How an operator moves axes and widens windows: one small rule per family. Whoever asks finds all registered."""
