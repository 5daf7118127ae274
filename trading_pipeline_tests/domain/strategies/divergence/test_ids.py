from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline.domain.strategies.divergence.ids import DivergenceIds


def test_ids_are_those_other_systems_derive() -> None:
    ids = DivergenceIds.of(InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, from_ms(1700006400000), Bias.LONG)
    assert ids.key == "8e7176cf9dbc21e06c1866c4b13c4a563682495b8027d6d14df96fa3b59547ee"
    assert ids.plan_id == "8e7176cf9dbc21e06c1866c4"
    assert ids.setup_id == "setup_8e7176cf9dbc21e06c18"
    assert ids.trigger_id == "trg_d6d14df96fa3b59547ee"
    assert ids.pivot_ids[2] == "setup_8e7176cf9dbc21e06c18:3"
