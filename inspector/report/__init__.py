"""A page about one model: what it answers, why, what its units look for, and what it takes for alike."""
