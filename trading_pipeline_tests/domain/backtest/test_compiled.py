"""Compiled code on disk and the sources it was made of."""

import pickle
from pathlib import Path

import numba
import numpy as np
import pytest

from trading_pipeline.domain.backtest.compiled import compiled


class _Renamed:
    """Stands for a record class that has another name by now."""


@pytest.mark.parametrize("wrote", [numba.__version__, f"{numba.__version__} other sources"])
def test_what_other_sources_compiled_is_not_even_read(tmp_path: Path, wrote: str) -> None:
    index = pickle.dumps(("other sources", {_Renamed: "name.1.nbc"})).replace(b"_Renamed", b"_Forgone")
    with pytest.raises(AttributeError, match="_Forgone"):
        pickle.loads(index)
    made = compiled(_doubled)
    stored = made._cache._cache_file  # type: ignore[attr-defined]
    stored._cache_path, stored._index_path = str(tmp_path), str(tmp_path / "index.nbi")
    (tmp_path / "index.nbi").write_bytes(pickle.dumps(wrote) + index)
    assert made(np.float64(2.0)) == 4.0
    assert compiled(_doubled)(np.float64(3.0)) == 6.0


def _doubled(value: float) -> float:
    return 2.0 * value
