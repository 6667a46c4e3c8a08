"""Numbers: do the numbers stay numbers, and are they the same twice?"""
