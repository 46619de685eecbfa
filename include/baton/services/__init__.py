"""Floor 6: Baton's programs as processes: set up, started, watched, stopped; and the demo."""
