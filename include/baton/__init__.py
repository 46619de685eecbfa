"""Baton: an AI sales motion run as data orchestration. The library; it never imports Airflow."""
