"""Bring your own funnel: CSV exports in, every row accepted, known already, or quarantined."""

from baton.signals.funnel.load import EntitySummary, Summary, import_folder, reasons

__all__ = ["EntitySummary", "Summary", "import_folder", "reasons"]
