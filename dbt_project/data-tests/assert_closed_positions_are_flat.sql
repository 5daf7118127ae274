-- Nothing stays open behind a closed trade: what was bought was sold.
select trades.position_id, sum(fills.signed_quantity) as left_over
from {{ ref('fct_closed_trades') }} as trades
inner join {{ ref('stg_trading__fills') }} as fills on fills.position_id = trades.position_id
group by trades.position_id
having sum(fills.signed_quantity) <> 0
