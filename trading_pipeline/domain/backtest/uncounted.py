"""Arrays that compiled code hands on without counting references.

Every function that is given an array counts a reference to it on entry and one back on exit, with an
atomic operation each: a quarter of a run was spent on that. The loop's arrays live as long as the run,
which holds them from outside, so there is nothing to count.

A table of records hands out records, a column its numbers. Positions are counted from the start: none is
negative.
"""

import operator
from typing import Any

import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

from trading_pipeline.domain.backtest.records import Column, Records


class Table(types.Type):
    """The compiled type: where the first record or number lies, and how many there are.

    Caches of compiled code on disk name this class: under another name they could not be read to be replaced.
    """

    def __init__(self, element: Any) -> None:
        self.element = element
        super().__init__(name=f"Table({element.name})")


@register_model(Table)
class TableModel(models.StructModel):
    """Its layout: an address and a length, nothing that is counted."""

    def __init__(self, manager: Any, table: Table) -> None:
        super().__init__(manager, table, [("first", types.voidptr), ("length", types.intp)])  # type: ignore[no-untyped-call]


def uncounted(records: Records) -> Records:
    """The same records as a table; the array has to be held until the table is no longer used.

    In the interpreter it is the array itself, with the fields of a record as attributes.
    """
    return records.view(np.recarray)


def uncounted_column(numbers: Column) -> Column:
    """The same numbers, likewise; the array has to be contiguous."""
    return numbers


@overload(uncounted, strict=False)
def _uncounted(records: Any) -> Any:  # noqa: ARG001 - numba goes by the names
    return lambda records: _table_of(records)


@overload(uncounted_column, strict=False)
def _uncounted_column(numbers: Any) -> Any:  # noqa: ARG001
    return lambda numbers: _table_of(numbers)


@overload(len, strict=False)
def _length(table: Any) -> Any:
    return (lambda table: _length_of(table)) if isinstance(table, Table) else None


@overload(operator.getitem, strict=False)
def _element(table: Any, at: Any) -> Any:  # noqa: ARG001
    return (lambda table, at: _element_at(table, at)) if isinstance(table, Table) else None


@overload(operator.setitem, strict=False)
def _set_number(table: Any, at: Any, number: Any) -> Any:  # noqa: ARG001
    return (lambda table, at, number: _put_at(table, at, number)) if isinstance(table, Table) else None


def _table_code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    table = cgutils.create_struct_proxy(signature.return_type)(context, builder)
    table.first = builder.bitcast(array.data, cgutils.voidptr_t)
    table.length = array.nitems
    return table._getvalue()


def _length_code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0]).length


def _address(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Where the element lies."""
    table, position = signature.args[:2]
    first = cgutils.create_struct_proxy(table)(context, builder, arguments[0]).first
    index = context.cast(builder, arguments[1], position, types.intp)
    stored = context.get_data_type(table.element)
    if isinstance(table.element, types.Record):
        offset = builder.mul(index, context.get_constant(types.intp, table.element.size))
        address = cgutils.pointer_add(builder, first, offset)
        return builder.bitcast(address, context.get_value_type(table.element))
    return builder.gep(builder.bitcast(first, stored.as_pointer()), [index])


def _element_code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    address = _address(context, builder, signature, arguments)
    return address if isinstance(signature.args[0].element, types.Record) else builder.load(address)


def _put_code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    number = context.cast(builder, arguments[2], signature.args[2], signature.args[0].element)
    builder.store(number, _address(context, builder, signature, arguments))
    return context.get_dummy_value()


_table_of: Any = intrinsic(lambda context, array: (Table(array.dtype)(array), _table_code))  # noqa: ARG005
_length_of: Any = intrinsic(lambda context, table: (types.intp(table), _length_code))  # noqa: ARG005
_element_at: Any = intrinsic(lambda context, table, at: (table.element(table, at), _element_code))  # noqa: ARG005
_put_at: Any = intrinsic(lambda context, table, at, number: (types.void(table, at, number), _put_code))  # noqa: ARG005
