-- Both sides are exact NUMERIC: any difference is a mistake, not rounding.
select position_id, net_pnl_usdt, realised_pnl_usdt, fees_usdt, funding_usdt
from {{ ref('fct_closed_trades') }}
where net_pnl_usdt <> realised_pnl_usdt - fees_usdt - funding_usdt
   or abs(pnl_r * risk_usdt - net_pnl_usdt) > 0.000001
   or abs(gross_pnl_r * risk_usdt - realised_pnl_usdt) > 0.000001
