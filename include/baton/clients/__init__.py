"""Floor 2: one file per vendor. Each speaks the vendor's HTTP and maps its errors to ours."""
