"""The whole system on one machine: an emulated AWS on loopback, the same deployment, the same records."""
