class NoTulips(EntryRule):  # noqa: F821 - imported by the file that this is added to
    """Tulips were a bubble."""

    name = "tulips"

    def judge(self, question: EntryQuestion) -> Finding | None:  # noqa: F821
        """By the look of it."""
        return self.deny("tulips again") if question.plan.instrument_id.startswith("TULIP") else None
