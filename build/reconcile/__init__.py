"""Reconciling the records of the streams with the activities in the analytics table, record by record."""
