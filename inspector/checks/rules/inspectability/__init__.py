"""Inspectability: what of it can be looked into?"""
