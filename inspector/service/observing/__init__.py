"""What a server tells of itself: numbers for Prometheus, traces for OpenTelemetry; its log is in `logs.py`."""
