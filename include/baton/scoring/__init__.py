"""Floor 4: which leads, how good, since when. Owns ops.lead and ops.holdout."""
