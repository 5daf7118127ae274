-- Funding moves no quantity: its row carries a fee only.
select
    account_id || '/' || execution_id as fill_id,
    account_id,
    execution_id,
    position_id,
    instrument_id,
    kind,
    fee,
    fee_currency,
    executed_at,
    case when kind = 'funding' then 0
         when side = 'sell' then -quantity
         else quantity end as signed_quantity,
    case when kind = 'funding' then 0
         when side = 'sell' then quantity * price
         else -quantity * price end as cash_flow
from {{ source('trading', 'fills') }}
