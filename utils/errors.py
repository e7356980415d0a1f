"""Errors that people cause and can mend."""


class ClearError(Exception):
    """Its message says what is wrong, where, and what to do; a traceback adds nothing.

    The command line shows the message alone. The run in Prefect keeps the traceback.
    """
