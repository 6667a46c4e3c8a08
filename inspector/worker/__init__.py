"""What runs in a worker: models are loaded, asked and forgotten here, at the word of the server that started it."""
