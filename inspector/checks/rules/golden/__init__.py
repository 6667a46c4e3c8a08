"""Golden: are the answers those that were recorded?"""
