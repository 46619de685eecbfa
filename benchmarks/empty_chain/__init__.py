"""The yardstick of the `demo` benchmark: the motion's DAGs with nothing in them."""
