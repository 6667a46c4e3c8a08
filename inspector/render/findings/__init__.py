"""Findings as a page; it registers itself among the formats of findings."""
