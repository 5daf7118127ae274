import pandas as pd
import pytest

from trading_pipeline.domain.model.instrument_rows import instrument_rows


@pytest.mark.parametrize("names", [[], ["B"], ["B", "B", "A"], ["A", "B", "B", "C"]])
def test_rows_lie_where_their_instrument_stands(names: list[str]) -> None:
    frame = pd.DataFrame({"instrument_id": pd.Series(names, dtype="str")})
    places = {name: list(range(len(names)))[rows] for name, rows in instrument_rows(frame)}
    assert list(places) == list(dict.fromkeys(names))
    assert all(names[at] == name for name, found in places.items() for at in found)
    assert sum(map(len, places.values())) == len(names)
