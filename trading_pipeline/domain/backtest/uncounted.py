"""Tables of records that compiled code hands on without counting references.

Every function that is given an array counts a reference to it on entry and one back on exit, with an
atomic operation each: a quarter of a run was spent on that. The loop's tables live as long as the run,
which holds them from outside, so there is nothing to count.
"""

import operator
from typing import Any

import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

from trading_pipeline.domain.backtest.records import Records


class Table(types.Type):
    """The compiled type: where the first record lies, and how many there are."""

    def __init__(self, record: Any) -> None:
        self.record = record
        super().__init__(name=f"Table({record.name})")


@register_model(Table)
class TableModel(models.StructModel):
    """Its layout: an address and a length, nothing that is counted."""

    def __init__(self, manager: Any, table: Table) -> None:
        super().__init__(manager, table, [("first", types.voidptr), ("length", types.intp)])  # type: ignore[no-untyped-call]


def uncounted(records: Records) -> Records:
    """The same records as a ``Table``; the array has to be held until the table is no longer used.

    In the interpreter it is the array itself, with the fields of a record as attributes.
    """
    return records.view(np.recarray)


@overload(uncounted, strict=False)
def _uncounted(records: Any) -> Any:  # noqa: ARG001 - numba goes by the names
    return lambda records: _table_of(records)


@overload(len, strict=False)
def _length(table: Any) -> Any:
    return (lambda table: _length_of(table)) if isinstance(table, Table) else None


@overload(operator.getitem, strict=False)
def _record(table: Any, row: Any) -> Any:  # noqa: ARG001
    return (lambda table, row: _record_at(table, row)) if isinstance(table, Table) else None


def _table_code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    table = cgutils.create_struct_proxy(signature.return_type)(context, builder)
    table.first = builder.bitcast(array.data, cgutils.voidptr_t)
    table.length = array.nitems
    return table._getvalue()


def _length_code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0]).length


def _record_code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    table, row = signature.args
    first = cgutils.create_struct_proxy(table)(context, builder, arguments[0]).first
    index = context.cast(builder, arguments[1], row, types.intp)
    offset = builder.mul(index, context.get_constant(types.intp, table.record.size))
    address = cgutils.pointer_add(builder, first, offset)
    return builder.bitcast(address, context.get_value_type(table.record))


_table_of: Any = intrinsic(lambda context, records: (Table(records.dtype)(records), _table_code))  # noqa: ARG005
_length_of: Any = intrinsic(lambda context, table: (types.intp(table), _length_code))  # noqa: ARG005
_record_at: Any = intrinsic(lambda context, table, row: (table.record(table, row), _record_code))  # noqa: ARG005
