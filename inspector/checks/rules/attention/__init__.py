"""Attention: does it look at the object?"""
