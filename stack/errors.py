"""The exception for a configuration that no stack can be made from."""


class ConfigurationError(ValueError):
    """Something in the settings, the suffix or the options that the user has to correct.

    Args:
        message: one sentence for the user that says what was wrong and what to write.
    """
