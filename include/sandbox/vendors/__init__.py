"""One module per vendor, each speaking that vendor's HTTP."""
