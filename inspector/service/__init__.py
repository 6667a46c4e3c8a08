"""The gRPC service: wire in, wire out, around the Python API."""
