"""What can go wrong with the stack."""


class StackError(Exception):
    """The stack cannot do what it was asked for; the message says what to do."""
