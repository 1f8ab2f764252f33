"""The infrastructure as typed CloudFormation: configuration in, troposphere objects out."""
