"""Collections of vectors: a store, principal components, nearest neighbors."""
