"""How the venue says no: one exception with the venue's own code and wording."""


class Rejection(Exception):
    """A request is refused.

    :param code: the venue's ``retCode``.
    :param message: the venue's ``retMsg``.
    :param status: HTTP status; the venue answers most refusals with 200.
    """

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def too_many_visits() -> Rejection:
    """More requests in a second than the endpoint takes from an account."""
    return Rejection(10006, "Too many visits. Exceeded the API Rate Limit.")


def bad_parameter(message: str) -> Rejection:
    """Code 10001: something in the request is missing, malformed or out of range."""
    return Rejection(10001, message)


def unknown_symbol(symbol: str) -> Rejection:
    """The symbol is not traded here."""
    return bad_parameter(f"params error: symbol invalid {symbol}")


def order_not_found() -> Rejection:
    """Code 110001: nothing to cancel or amend."""
    return Rejection(110001, "order not exists or too late to cancel")
