"""The server's side of its workers: processes that load and run models, and may end without taking it along."""
