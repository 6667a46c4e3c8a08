"""The plugin of pytest: `pytest --inspector model.onnx` asks a model every rule of `check`, a test each."""
