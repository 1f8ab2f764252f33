"""Replaying what the mappings gave up: from the bucket of failed events through the deployed functions."""
