"""Stacks in AWS: deploying, previewing, following, explaining, operating and destroying them."""
