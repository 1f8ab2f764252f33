"""CloudFormation: stacks as it knows them, changes to them, and operations on them."""
