"""Who may deploy: the policies of those who run the commands, and of the role that CloudFormation acts as."""
