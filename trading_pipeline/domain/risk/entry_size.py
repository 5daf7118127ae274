"""How much to buy: what the sizing model wants, under caps that hold for every model."""

from decimal import Decimal

from trading_pipeline.domain.model.accounts import Balance
from trading_pipeline.domain.model.errors import OrderDenied
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.plans import SizingInputs, TradePlan
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.sizing import BOUNDS, NUMBERS, SizingModel, SizingRule
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.domain.risk.limits import RiskLimits

_ZERO = Decimal(0)


def leverage_of(instrument: Instrument, limits: RiskLimits) -> Decimal:
    """The leverage (notional / margin, a ratio) to set: the limit, or the instrument's maximum if that is less."""
    return min(limits.max_leverage, instrument.max_leverage)


def sizing_inputs(limits: RiskLimits, volatility_pct: Decimal | None = None) -> SizingInputs:
    """The model in force with every number it reads.

    :param volatility_pct: ATR in percent of the price at the decision; ``reads_volatility`` says who needs it.
    """
    # It caps every model, so a plan of any model was made under it.
    numbers = {"risk_per_trade": limits.risk_per_trade}
    rule = limits.sizing
    if rule is None:
        return SizingInputs("risk", numbers)
    numbers |= {name: getattr(rule, name) for name in (*NUMBERS[rule.model], *BOUNDS)}
    return SizingInputs(rule.model.value, numbers, volatility_pct)


def reads_volatility(limits: RiskLimits) -> bool:
    """Whether the model in force needs the instrument's volatility."""
    return limits.sizing is not None and limits.sizing.model is SizingModel.VOLATILITY


def entry_quantity(
    plan: TradePlan, balance: Balance, instrument: Instrument, limits: RiskLimits, pending_notional: Decimal
) -> Decimal:
    """Base currency of the first entry, which is the whole of a plan without further levels.

    Caps: the loss at the stop at most equity x risk_per_trade; notional at most equity x leverage; margin
    (notional / leverage), the fee to open and the fee to close at the bankruptcy price at most what is available
    after the entries already admitted; the instrument's largest market order. Fees are the instrument's for takers.
    Sizing by risk takes all of it, another model what it wants of it. Every rounding goes down, so a trade never
    risks more than its share; what ends up too small is not raised.

    :param pending_notional: quote currency of admitted entries the balance does not show yet; their margin and the fee
        to open them are gone.
    :raises OrderDenied: the model has nothing to go by or gives nothing, or the quantity is below what
        it or the venue accepts.
    """
    return entry_quantities(plan, balance, instrument, limits, pending_notional)[0]


def entry_quantities(
    plan: TradePlan, balance: Balance, instrument: Instrument, limits: RiskLimits, pending_notional: Decimal
) -> tuple[Decimal, ...]:
    """Base currency of every entry of the plan, the first one's first: together they lose at the stop what one would.

    The caps of ``entry_quantity`` hold for all of them at once, as if each were filled at the first price.

    :raises OrderDenied: as there; a further level may come out as nothing.
    """
    parts = _parts(plan, instrument)
    asked = _sized(plan, balance, instrument, limits, pending_notional)
    caps = _caps(plan, balance, instrument, limits, pending_notional)
    held = max(min(asked, *(most / sum(parts) for most in caps.values())), _ZERO)
    first, *further = (instrument.floor_quantity(held * part) for part in parts)
    refuse_small(first, plan, instrument, limits)
    return (first, *further)


def _parts(plan: TradePlan, instrument: Instrument) -> tuple[Decimal, ...]:
    """Of what one entry with all of the risk would buy, what each of the plan's entries buys.

    A level that lies nearer to the stop loses less per unit there, so it buys more for its share.
    """
    stop = instrument.round_price(plan.stop_price)
    distance = abs(plan.entry_price - stop)
    distances = (abs(instrument.round_price(level.price) - stop) for level in plan.levels)
    further = zip(plan.levels, distances, strict=True)
    # On the stop after rounding, it would buy without end.
    return (plan.first_share, *(level.share * distance / left if left else _ZERO for level, left in further))


def refuse_small(quantity: Decimal, plan: TradePlan, instrument: Instrument, limits: RiskLimits) -> None:
    """Nothing, for a quantity (base currency) that model and venue accept.

    :raises OrderDenied: it is below what one of them accepts.
    """
    notional = quantity * plan.entry_price
    if quantity < instrument.min_quantity:
        sentence = f"{quantity} {plan.instrument_id} is below the minimum {instrument.min_quantity}"
        raise OrderDenied("min_quantity", sentence, quantity, instrument.min_quantity)
    if notional < instrument.min_notional:
        sentence = f"{notional:.2f} is below the minimum order of {instrument.min_notional}"
        raise OrderDenied("min_notional", sentence, notional, instrument.min_notional)
    least = limits.sizing.min_amount if limits.sizing is not None else _ZERO
    if notional < least:
        raise OrderDenied("min_amount", f"{notional:.2f} is below sizing.min_amount = {least}", notional, least)


def cap_findings(
    plan: TradePlan, balance: Balance, instrument: Instrument, limits: RiskLimits, pending_notional: Decimal
) -> tuple[Finding, ...]:
    """The caps that hold less than the sizing asks for, each as the reduction that it is.

    :raises OrderDenied: as ``entry_quantity``.
    """
    asked = _sized(plan, balance, instrument, limits, pending_notional)
    caps = _caps(plan, balance, instrument, limits, pending_notional)
    return tuple(
        Finding(
            name, Action.REDUCE, f"{asked:.6g} {plan.instrument_id} asked for, {name} holds {most:.6g}", asked, most
        )
        for name, most in caps.items()
        if max(most, _ZERO) < asked
    )


def _sized(
    plan: TradePlan, balance: Balance, instrument: Instrument, limits: RiskLimits, pending_notional: Decimal
) -> Decimal:
    """What ``risk_per_trade`` and the sizing model ask for, base currency."""
    # To the stop as the venue will hold it: rounding to the tick can move it away from the entry.
    distance = abs(plan.entry_price - instrument.round_price(plan.stop_price))
    if distance == 0:
        raise OrderDenied("stop_distance", f"entry {plan.entry_price} and stop are the same price")
    at_risk = balance.equity * limits.risk_per_trade / distance
    if limits.sizing is None:
        return at_risk
    # The wallet was read before these entries were admitted: their margin and opening fee are still in it.
    pending = pending_notional * (1 / leverage_of(instrument, limits) + instrument.taker_fee)
    free = max(_free(balance) - pending, _ZERO)
    return min(at_risk, _amount(limits.sizing, plan, free) / plan.entry_price)


def _caps(
    plan: TradePlan, balance: Balance, instrument: Instrument, limits: RiskLimits, pending_notional: Decimal
) -> dict[str, Decimal]:
    """The most that each cap allows, base currency; negative when more is promised than there is."""
    leverage = leverage_of(instrument, limits)
    # price x (1 / leverage + fee x (2 - sign / leverage)) of each unit has to be there, times the leverage.
    sign, taker_fee = 1 if plan.bias is Bias.LONG else -1, instrument.taker_fee
    cost = plan.entry_price * (1 + taker_fee * (2 * leverage - sign))
    return {
        "max_leverage": balance.equity * leverage / plan.entry_price,
        "margin": (_free(balance) * leverage - pending_notional * (1 + taker_fee * leverage)) / cost,
        "max_market_quantity": instrument.max_market_quantity,
    }


def _free(balance: Balance) -> Decimal:
    """Quote currency that can bind new margin: what positions gained on paper cannot, though the venue would let it."""
    return balance.available - max(balance.equity - balance.balance, _ZERO)


def _amount(rule: SizingRule, plan: TradePlan, free: Decimal) -> Decimal:
    """Quote currency that the rule gives the trade of what is ``free``.

    :raises OrderDenied: the volatility it reads is unknown, or it gives nothing.
    """
    volatility_pct = None if plan.sizing is None else plan.sizing.volatility_pct
    if rule.model is SizingModel.VOLATILITY and volatility_pct is None:
        raise OrderDenied(
            "volatility", f"the plan knows no volatility of {plan.instrument_id}, which its size depends on"
        )
    # The zero stands for models that read no volatility; the one that does was denied above without it.
    amount = rule.amount(free, volatility_pct or _ZERO)
    if amount <= 0:
        raise OrderDenied("sizing", f"{rule.model} sizing gives nothing of {free:.2f} free")
    return amount
