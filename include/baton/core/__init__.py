"""Floor 0: settings, connections, clock, ids and errors. Knows no database and no vendor."""
