"""CloudWatch's documented rules."""
