-- A flat position earned what its sales brought in more than its purchases cost, whichever came first.
-- The ledger divides once at 28 digits, hence a tolerance of a millionth of a USDT.
with summed as (
    select
        position_id,
        sum(cash_flow_usdt) as realised_pnl_usdt,
        coalesce(sum(fee_usdt) filter (where kind <> 'funding'), 0) as fees_usdt,
        coalesce(sum(fee_usdt) filter (where kind = 'funding'), 0) as funding_usdt
    from {{ ref('stg_trading__fills') }}
    group by position_id
)

select trades.position_id, trades.realised_pnl_usdt, summed.realised_pnl_usdt as summed_pnl_usdt
from {{ ref('fct_closed_trades') }} as trades
left join summed on summed.position_id = trades.position_id
where summed.position_id is null
   or abs(trades.realised_pnl_usdt - summed.realised_pnl_usdt) > 0.000001
   or abs(trades.fees_usdt - summed.fees_usdt) > 0.000001
   or abs(trades.funding_usdt - summed.funding_usdt) > 0.000001
