"""Redriving failed events: from the stack's bucket through the deployed functions into the analytics table."""
