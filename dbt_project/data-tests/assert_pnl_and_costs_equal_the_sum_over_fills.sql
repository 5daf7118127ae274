-- A flat position earned what its sales brought in more than its purchases cost, whichever came first.
-- The ledger divides once at 28 digits, hence a tolerance of a millionth.
with priced as (
    select
        fills.position_id,
        fills.kind,
        fills.cash_flow,
        case when fills.fee_currency = positions.settlement_currency then fills.fee else 0 end as fee
    from {{ ref('stg_trading__fills') }} as fills
    inner join {{ ref('stg_trading__positions') }} as positions on positions.position_id = fills.position_id
),

summed as (
    select
        position_id,
        sum(cash_flow) as realised_pnl,
        coalesce(sum(fee) filter (where kind <> 'funding'), 0) as fees,
        coalesce(sum(fee) filter (where kind = 'funding'), 0) as funding
    from priced
    group by position_id
)

select trades.position_id, trades.realised_pnl, summed.realised_pnl as summed_pnl
from {{ ref('fct_closed_trades') }} as trades
left join summed on summed.position_id = trades.position_id
where summed.position_id is null
   or abs(trades.realised_pnl - summed.realised_pnl) > 0.000001
   or abs(trades.fees - summed.fees) > 0.000001
   or abs(trades.funding - summed.funding) > 0.000001
