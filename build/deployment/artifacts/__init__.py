"""The bucket of zips and large templates: filling it, and clearing it out."""
