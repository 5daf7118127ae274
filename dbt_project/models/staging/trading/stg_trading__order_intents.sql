select
    order_link_id,
    plan_id,
    position_id,
    purpose,
    state,
    filled_quantity,
    sent_at is not null as was_sent
from {{ source('trading', 'order_intents') }}
