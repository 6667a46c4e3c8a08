"""What verbs answer: a few kinds of result, each plain data that knows how to show itself."""
