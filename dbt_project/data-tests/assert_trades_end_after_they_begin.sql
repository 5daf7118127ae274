-- A decision comes before its entry, an entry before its exit.
select position_id, decided_at, entry_time, exit_time
from {{ ref('fct_closed_trades') }}
where entry_time < decided_at
   or exit_time < entry_time
