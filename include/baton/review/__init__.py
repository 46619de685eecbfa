"""The review desk: people decide every draft; what is stale expires. Owns ops.decision."""
