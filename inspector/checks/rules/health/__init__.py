"""Health: which parts of the network do nothing, or the same?"""
