"""Arrays become pictures, and pictures a page: color maps, tiles, overlays, a report."""
