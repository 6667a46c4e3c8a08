"""Images that are made: what excites a part of the network, and what changes its mind."""
