-- Both sides are exact NUMERIC: any difference is a mistake, not rounding.
select position_id, net_pnl, realised_pnl, fees, funding
from {{ ref('fct_closed_trades') }}
where net_pnl <> realised_pnl - fees - funding
   or abs(pnl_r * risk_amount - net_pnl) > 0.000001
   or abs(gross_pnl_r * risk_amount - realised_pnl) > 0.000001
