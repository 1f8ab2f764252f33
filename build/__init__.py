"""What people run: `python -m build <command>` packages, deploys, operates and tries out the stack."""
