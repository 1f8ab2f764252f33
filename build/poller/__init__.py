"""DynamoDB-stream event source mappings outside Lambda: the stream is read and the function invoked as Lambda does."""
