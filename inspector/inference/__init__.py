"""The Open Inference Protocol, version 2: its messages, and what answers them."""
