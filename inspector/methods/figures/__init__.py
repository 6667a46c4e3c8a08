"""What the network has learned, over many images, layers, and checkpoints."""
