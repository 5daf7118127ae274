"""One run for neighbouring days of neighbouring instruments, as ``BackfillPolicy.single_run`` says.

Of a grid of two dimensions Dagster makes a run for each key of the shorter one, though a run may cover a range in both.
See docs/decisions/0120.
"""

from collections.abc import Collection, Sequence

from dagster import MultiPartitionKey, MultiPartitionsDefinition, PartitionKeyRange, PartitionsDefinition
from dagster._core.definitions.partitions.subset.default import DefaultPartitionsSubset

MOST_PARTITIONS = 2_000
"""Of one run; more, and Dagster's own runs of an instrument or a day each keep the memory of a run within bounds."""

_ranges_of_dagster = DefaultPartitionsSubset.get_partition_key_ranges


def rectangle_or_ranges(
    subset: DefaultPartitionsSubset, partitions_def: PartitionsDefinition
) -> Sequence[PartitionKeyRange]:
    """The one range that covers a subset and nothing else, where there is one; else Dagster's."""
    whole = None
    if isinstance(partitions_def, MultiPartitionsDefinition) and 1 < len(subset.subset) <= MOST_PARTITIONS:
        whole = _rectangle(subset.subset, partitions_def)
    return [whole] if whole else _ranges_of_dagster(subset, partitions_def)


def _rectangle(keys: Collection[str], grid: MultiPartitionsDefinition) -> PartitionKeyRange | None:
    """The range from the first to the last key in each dimension, where all keys between them are there."""
    found = [grid.get_partition_key_from_str(key).keys_by_dimension for key in keys]
    ends: dict[str, tuple[str, str]] = {}
    count = 1
    for dimension in grid.partitions_defs:
        wanted = {key[dimension.name] for key in found}
        every = dimension.partitions_def.get_partition_keys()
        places = [place for place, key in enumerate(every) if key in wanted]
        if len(places) != len(wanted) or places[-1] - places[0] + 1 != len(places):
            return None
        ends[dimension.name] = (every[places[0]], every[places[-1]])
        count *= len(wanted)
    if count != len(found):
        return None
    first, last = (str(MultiPartitionKey({name: pair[end] for name, pair in ends.items()})) for end in (0, 1))
    return PartitionKeyRange(first, last)
