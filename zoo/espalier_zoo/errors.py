"""What is wrong with what a user gave."""


class BadInput(ValueError):
    """An input that cannot be taken; the message is one line that says what, where and what to do."""
