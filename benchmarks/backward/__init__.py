"""What each way to write the backward pass costs: `python -m benchmarks.backward`."""
