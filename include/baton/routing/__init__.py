"""Floor 3: who gets it. Owns ops.routing_decision and ops.task."""
