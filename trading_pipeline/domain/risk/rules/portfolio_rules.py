"""Rules about positions beside each other: in one instrument, of one base currency, in one group, and all together."""

from abc import abstractmethod
from collections.abc import Sequence
from decimal import Decimal

from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.held import LivePosition
from trading_pipeline.domain.risk.rules.base import EntryRule, LimitRule


class OnePositionPerSymbol(EntryRule):
    """No position of the plan's side is live in its instrument, or one with room for a further layer.

    A longer timeframe may take the place of a shorter one where ``replace_lower_timeframe`` says so.
    """

    name = "symbol_busy"
    backtested = True

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Look the instrument up among live positions."""
        plan, adds_to = question.plan, question.facts.adds_to
        live = _in_the_way(question)
        # The other side is the next rule's to object to, and what gives way to the plan is in nobody's way.
        if live is None or live.bias is not plan.bias or replaced(question) is not None:
            return None
        if adds_to is None:
            return self.deny(f"a {live.timeframe} {live.bias} of {plan.instrument_id} is live")
        layers, limit = adds_to.layers, plan.exit_rules.max_layers
        if layers >= limit:
            sentence = f"the position in {plan.instrument_id} has {layers} of {limit} layers"
            return self.deny(sentence, Decimal(layers), Decimal(limit))
        return None


class NoOppositePosition(EntryRule):
    """No position of the other side is live in the plan's instrument: in one-way mode the two would net out."""

    name = "opposite_position"
    backtested = True

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Look the instrument up among live positions."""
        live = _in_the_way(question)
        if live is None or live.bias is question.plan.bias:
            return None
        return self.deny(f"a {live.timeframe} {live.bias} of {live.instrument_id} is live, against the plan's side")


class MaxOpenPositions(LimitRule):
    """Fewer positions are live than the limit; a layer opens none, nor does what takes another's place."""

    name = "max_open_positions"
    key = "max_open_positions"
    backtested = True
    unknown = "how many positions are live is not known"

    def value(self, question: EntryQuestion) -> Decimal | None:
        """Opening and open positions of all instruments."""
        # A layer and a replacement take no place, so that they are held against none.
        if question.facts.adds_to is not None or replaced(question) is not None:
            return Decimal(0)
        return Decimal(len(question.facts.live))

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """As a number."""
        return f"{value} positions are live, the limit is {limit}"


class CorrelatedPositions(EntryRule):
    """Fewer positions are live in the group of the plan's base currency than the group may have."""

    name = "correlation"
    key = "portfolio.correlation_groups"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Of other base currencies of the group; a full group denies, or leaves ``correlated_size`` of the size."""
        limits = question.limits.portfolio
        if not limits.correlation_groups:
            return None
        base, others = _base(question), beside(question)
        unknown = [one.instrument_id for one in others if one.instrument_id not in question.bases]
        if base is None or unknown:
            return self.deny(
                f"the base currency of {unknown[0] if unknown else question.plan.instrument_id} is not known"
            )
        limit = Decimal(limits.max_per_group)
        for group in limits.correlation_groups:
            # How many there are of the plan's own base currency is what ``per_base_limit`` asks.
            live = [one for one in others if question.bases[one.instrument_id] in set(group) - {base}]
            if base not in group or len(live) < limit:
                continue
            sentence = f"{', '.join(one.instrument_id for one in live)} moves with {base} and is live"
            if limits.correlated_size:
                return self.reduce(sentence, Decimal(len(live)), limit, keeps=limits.correlated_size)
            return self.deny(sentence, Decimal(len(live)), limit)
        return None


class PerBaseLimit(EntryRule):
    """Fewer positions of the plan's base currency are live than the limit, and none of its side."""

    name = "per_base_limit"
    key = "portfolio.max_per_base"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Over all instruments of the base currency."""
        limit = self.limit_in(question.limits)
        if not limit or question.facts.adds_to is not None:
            return None
        base, others = _base(question), beside(question)
        unknown = [one.instrument_id for one in others if one.instrument_id not in question.bases]
        if base is None or unknown:
            return self.deny(
                f"the base currency of {unknown[0] if unknown else question.plan.instrument_id} is not known"
            )
        live = [one for one in others if question.bases[one.instrument_id] == base]
        if len(live) >= limit:
            return self.deny(
                f"{len(live)} positions of {base} are live, the limit is {limit}", Decimal(len(live)), limit
            )
        # Two of one side would be one bet in two instruments; a long beside a short is what a second place is for.
        same = [one for one in live if one.bias is question.plan.bias]
        if same:
            return self.deny(f"{same[0].instrument_id} is {same[0].bias} already, {base} has one position a side")
        return None


class StopRisk(LimitRule):
    """Loss at the stops, the plan's 1 R included, below or at the limit."""

    unknown = "the account's equity is not known, so neither is 1 R"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Exactly the limit is allowed: five positions of 1 R are what 5 R are for."""
        limit = self.limit_in(question.limits)
        value = self.value(question) if limit else None
        if limit and value is None:
            return self.deny(self.unknown, limit=limit)
        if value is None or value <= limit:
            return None
        return self.deny(self.sentence(value, limit), value, limit)

    def value(self, question: EntryQuestion) -> Decimal | None:
        """Quote currency, or R."""
        balance = question.balance
        unit = balance.equity * question.limits.risk_per_trade if balance else Decimal(0)
        # In R of now, as the plan's own is: positions were entered with other equity and perhaps under another limit.
        return self.amount(sum((one.risk for one in beside(question)), Decimal(0)), unit) if unit > 0 else None

    @abstractmethod
    def amount(self, at_stops: Decimal, unit: Decimal) -> Decimal:
        """What live positions lose ``at_stops`` (quote currency) and the plan's ``unit`` (1 R) in the limit's unit."""


class TotalRiskR(StopRisk):
    """All positions together lose at most the limit at their stops, in R of now, the plan's 1 R included."""

    name = "max_total_risk_r"
    key = "portfolio.max_total_risk_r"

    def amount(self, at_stops: Decimal, unit: Decimal) -> Decimal:
        """In R."""
        return at_stops / unit + 1

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In R."""
        return f"all stops together would lose {value:.2f} R, the limit is {limit} R"


class TotalRiskAmount(StopRisk):
    """All positions together lose at most the limit at their stops, in quote currency, the plan's 1 R included."""

    name = "max_total_risk_amount"
    key = "portfolio.max_total_risk_amount"

    def amount(self, at_stops: Decimal, unit: Decimal) -> Decimal:
        """In quote currency."""
        return at_stops + unit

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In quote currency."""
        return f"all stops together would lose {value:.2f}, the limit is {limit:.2f}"


class SymbolRiskR(EntryRule):
    """Positions of the symbol lose at most its own limit at their stops, in R, the plan's 1 R included."""

    name = "per_symbol_risk_r"
    key = "portfolio.max_symbol_risk_r"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Symbols that the limits do not name have none."""
        symbol, balance = question.plan.instrument_id.symbol, question.balance
        limit = question.limits.portfolio.max_symbol_risk_r.get(symbol)
        if not limit:
            return None
        unit = balance.equity * question.limits.risk_per_trade if balance else Decimal(0)
        if unit <= 0:
            return self.deny(StopRisk.unknown, limit=limit)
        live = [one for one in beside(question) if one.instrument_id == question.plan.instrument_id]
        value = sum((one.risk for one in live), Decimal(0)) / unit + 1
        return (
            self.deny(f"{symbol} would risk {value:.2f} R, its limit is {limit} R", value, limit)
            if value > limit
            else None
        )


def replaced(question: EntryQuestion) -> LivePosition | None:
    """The position of a shorter timeframe whose place the plan takes, ``None`` for none."""
    live, plan = _in_the_way(question), question.plan
    # A layer adds to the very position whose place it would take.
    if live is None or live.bias is not plan.bias or question.facts.adds_to is not None:
        return None
    longer = plan.timeframe.ms > live.timeframe.ms
    return live if longer and question.limits.portfolio.replace_lower_timeframe else None


def beside(question: EntryQuestion) -> Sequence[LivePosition]:
    """The live positions that the plan's would stand beside."""
    gone = replaced(question)
    return [one for one in question.facts.live if one is not gone]


def _in_the_way(question: EntryQuestion) -> LivePosition | None:
    # The database lets an account have one live position in an instrument, so the first is the only one.
    return next((one for one in question.facts.live if one.instrument_id == question.plan.instrument_id), None)


def _base(question: EntryQuestion) -> str | None:
    return None if question.instrument is None else question.instrument.base_currency
