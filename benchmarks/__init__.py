"""Speed, side by side in one run: this package, ONNX Runtime alone, and Captum on PyTorch."""
