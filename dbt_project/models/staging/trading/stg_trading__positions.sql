select
    position_id,
    plan_id,
    instrument_id,
    timeframe,
    bias,
    status,
    quantity as open_quantity,
    entry_quantity,
    entry_price,
    initial_stop_price,
    realised_pnl as realised_pnl_usdt,
    fees as fees_usdt,
    funding as funding_usdt,
    opened_at,
    closed_at,
    exit_reason
from {{ source('trading', 'positions') }}
