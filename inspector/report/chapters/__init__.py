"""The chapters of the page; each says in words what it cannot show."""
