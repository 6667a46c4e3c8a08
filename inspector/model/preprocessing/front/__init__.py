"""What a graph does to pixels before it first computes with them."""
