"""Layer 7: the brief that a rep has before every meeting. Owns ops.brief."""
