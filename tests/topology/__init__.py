"""Places of replicas."""
