"""Layer 5: sends once, protects the domains, understands replies."""
