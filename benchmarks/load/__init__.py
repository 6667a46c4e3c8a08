"""The service under load: `python -m benchmarks.load` and, for half an hour, `python -m benchmarks.load.soak`."""
