"""What works on ONNX files that nobody here has made: those that wheels on PyPI carry."""
