with closed_positions as (
    select * from {{ ref('stg_trading__positions') }} where status = 'closed'
),

orders_by_position as (
    select
        position_id,
        count(*) as order_count,
        -- an entry may take several orders; each layer is the entry of a plan of its own
        count(distinct plan_id) filter (where purpose = 'E' and filled_quantity > 0) as layer_count
    from {{ ref('stg_trading__order_intents') }}
    where was_sent and position_id is not null
    group by position_id
),

fills_by_position as (
    select
        position_id,
        count(*) filter (where kind <> 'funding') as fill_count
    from {{ ref('stg_trading__fills') }}
    where position_id is not null
    group by position_id
),

priced as (
    select
        *,
        realised_pnl - fees - funding as net_pnl,
        abs(entry_price - initial_stop_price) * entry_quantity as risk_amount
    from closed_positions
)

select
    priced.position_id,
    priced.account_id,
    priced.plan_id,
    priced.instrument_id,
    priced.timeframe,
    priced.bias,
    priced.settlement_currency,
    plans.strategy,
    plans.strategy_version,
    plans.decided_at,
    priced.opened_at as entry_time,
    priced.closed_at as exit_time,
    priced.entry_price,
    priced.initial_stop_price,
    priced.entry_quantity as quantity,
    priced.risk_amount,
    priced.realised_pnl,
    priced.fees,
    priced.funding,
    priced.net_pnl,
    -- a stop at the entry price risked nothing: the trade has no size in R
    priced.net_pnl / nullif(priced.risk_amount, 0) as pnl_r,
    priced.realised_pnl / nullif(priced.risk_amount, 0) as gross_pnl_r,
    priced.exit_reason,
    coalesce(orders.layer_count, 0) as layer_count,
    coalesce(orders.order_count, 0) as order_count,
    coalesce(fills.fill_count, 0) as fill_count
from priced
left join {{ ref('stg_trading__trade_plans') }} as plans on plans.plan_id = priced.plan_id
left join orders_by_position as orders on orders.position_id = priced.position_id
left join fills_by_position as fills on fills.position_id = priced.position_id
