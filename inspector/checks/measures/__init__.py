"""What several rules look at, measured once for all of them."""
