"""Planted faults and good twins, by the family of the rules that they are for; `crossing` holds those of several."""
