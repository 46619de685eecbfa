"""Gates: Great Expectations suites as code, and the one place that decides what is handed on."""
