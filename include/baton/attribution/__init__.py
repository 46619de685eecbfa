"""Floor 4: from signal to revenue. The credits themselves are dbt models (marts/attribution)."""
