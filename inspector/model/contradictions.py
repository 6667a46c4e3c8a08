"""What a rule raises over a node that contradicts itself: axes that its input does not have, inputs of other lengths.

Rules of what is read off a graph (receptive fields, fronts, heads, shapes) are written for nodes as their operators
have them. What they cannot read is not followed; whoever runs such a node says what is wrong with it.
"""

from __future__ import annotations

CONTRADICTIONS = (ArithmeticError, IndexError, StopIteration, ValueError)
