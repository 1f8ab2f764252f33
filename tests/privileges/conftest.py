"""Starts handlers as the handlers' own tests do."""

from tests.handlers.conftest import clean_environment, cold_start, log

__all__ = ["clean_environment", "cold_start", "log"]
