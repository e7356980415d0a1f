"""Errors that people cause and can mend."""


class ClearError(Exception):
    """Its message says what is wrong, where, and what to do; a traceback adds nothing.

    The command line shows the message alone. The run in Prefect keeps the traceback.
    """


def sentence(said: object) -> str:
    """What another program said, in one line that ends with a full stop."""
    return " ".join(str(said).split()).rstrip(".") + "."
