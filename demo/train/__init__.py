"""How the demo's CNN is trained and exported, in an environment with PyTorch."""
