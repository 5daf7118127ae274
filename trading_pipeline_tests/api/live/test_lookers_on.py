"""A slow connection loses its oldest, and delays nobody."""

import asyncio

from trading_pipeline.api.live.lookers_on import QUEUED, LookersOn


def test_who_does_not_fetch_loses_the_oldest_and_nobody_else_does() -> None:
    async def look_on() -> tuple[int, int | None, int, int | None]:
        several: LookersOn[int] = LookersOn()
        with several.joined() as slow, several.joined() as quick:
            for number in range(QUEUED + 3):
                several.tell(number)
                if number < 5:
                    await quick.next(1.0)
            return slow.dropped, await slow.next(1.0), quick.dropped, await quick.next(1.0)

    assert asyncio.run(look_on()) == (3, 3, 0, 5)


def test_where_nothing_happens_the_wait_ends_and_who_leaves_is_told_nothing_more() -> None:
    async def look_on() -> tuple[int | None, int]:
        several: LookersOn[int] = LookersOn()
        with several.joined() as one:
            nothing = await one.next(0.01)
        several.tell(1)
        return nothing, len(several)

    assert asyncio.run(look_on()) == (None, 0)
