"""Alarms outside CloudWatch: evaluated by its documented rules, over the metrics that it holds."""
