"""Sweeps beside loops written by hand over ONNX Runtime."""
