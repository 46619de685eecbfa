"""Floor 1: reads what RevOps edits in `include/playbook`, one module per file, and checks it."""
