"""Looking after a deployed stack: status, logs, drift."""
