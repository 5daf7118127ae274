-- Funding moves no quantity: its row carries a fee only.
select
    execution_id,
    position_id,
    instrument_id,
    kind,
    fee as fee_usdt,
    executed_at,
    case when kind = 'funding' then 0
         when side = 'sell' then -quantity
         else quantity end as signed_quantity,
    case when kind = 'funding' then 0
         when side = 'sell' then quantity * price
         else -quantity * price end as cash_flow_usdt
from {{ source('trading', 'fills') }}
