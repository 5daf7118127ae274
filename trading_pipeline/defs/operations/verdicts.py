"""The result of a check that finds a sentence a subject, as ``failed_check_sensor`` tells it to the operator."""

import hashlib
from collections.abc import Mapping
from typing import TypeVar

import dagster as dg

from trading_pipeline.defs.operations.check_sensor import PROBLEMS

Subject = TypeVar("Subject", bound=str)


def judged(
    faults: Mapping[Subject, str],
    *,
    off: bool = False,
    name: str | None = None,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN,
) -> dg.AssetCheckResult:
    """Passed where nothing was found.

    :param faults: what is wrong, by what it is wrong about; a subject is told of once for as long as it stays.
    :param off: whether nothing of it is collected, so that there is nothing to ask.
    :param name: of the check, where its asset asks several.
    """
    said = "; ".join(f"{subject}: {fault}" for subject, fault in faults.items())
    problems = {
        str(subject): {
            # By the subject alone: a sentence with an age in it would be another problem at every look.
            "ids": [hashlib.sha256(subject.encode()).hexdigest()[:12]],
            "bars": 0,
            "first": [f"{subject}: {fault}"],
        }
        for subject, fault in faults.items()
    }
    return dg.AssetCheckResult(
        check_name=name,
        passed=not faults,
        severity=severity,
        description=said or ("nothing of it is collected" if off else "sound"),
        metadata={PROBLEMS: dg.MetadataValue.json(problems)} if problems else {},
    )
