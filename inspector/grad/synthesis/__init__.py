"""The graphs of a synthesis with their derivatives: what is painted, what of it is to grow, and the step uphill."""
