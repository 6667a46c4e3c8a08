"""Validity: is this a file that loads and runs wherever models are served?"""
