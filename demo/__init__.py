"""The demo: a real CNN on a real service, as a client sees it."""
