"""How two processes speak of work: messages over a pair of sockets, large ones in shared memory; errors as data."""
