"""Does the backward pass agree with autograd's? Many architectures, both PyTorch exporters, many opsets."""
