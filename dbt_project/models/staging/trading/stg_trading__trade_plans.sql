select
    plan_id,
    strategy,
    strategy_version,
    close_time as decided_at
from {{ source('trading', 'trade_plans') }}
