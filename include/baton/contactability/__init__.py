"""Owns the question whether we may contact someone: suppressions, holds, caps, breakers, pause."""
