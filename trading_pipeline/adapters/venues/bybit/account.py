"""Whether an account and its key are of the kind that is supported. Pure.

Pages: v5/account/account-info, v5/user/apikey-info.
"""

from trading_pipeline.adapters.venues.bybit.payload import Row, entries, inner, text

_CLASSIC = "1"
_PORTFOLIO = "PORTFOLIO_MARGIN"
_RIGHTS = ("Order", "Position")
"""What a key needs for contracts: to send orders, and to set stops and leverage."""


def account_trouble(info: Row, key: Row) -> list[str]:
    """What stands against trading with this account and key, each with the way out; empty when nothing does.

    :param info: the result of account/info.
    :param key: the result of user/query-api.
    :raises DataError: a permission is missing from the answer.
    """
    trouble = []
    if text(info, "unifiedMarginStatus") == _CLASSIC:
        trouble.append("the account is a classic one; upgrade it to a unified trading account")
    if text(info, "marginMode") == _PORTFOLIO:
        trouble.append("the account is in portfolio margin, which is not supported; choose cross or isolated margin")
    if text(key, "readOnly") == "1":
        trouble.append("the API key may only read; make one that may trade contracts")
    granted = {str(right) for right in entries(inner(key, "permissions"), "ContractTrade")}
    missing = [right for right in _RIGHTS if right not in granted]
    if missing:
        trouble.append(f"the API key lacks the contract rights {' and '.join(missing)}; grant them at the venue")
    return trouble
