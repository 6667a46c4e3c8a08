"""Arrays become pictures, and pictures a page: colour maps, tiles, overlays, a report."""
