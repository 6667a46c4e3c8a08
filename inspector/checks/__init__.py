"""Rules for exported models: what is worth knowing of a file before it ships."""
