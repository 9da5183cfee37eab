"""Working out what becomes of rows: linked, validated, matched with what is stored."""

from collections.abc import Sequence
from typing import Any

from webos.data.guard.results import demand_result
from webos.data.rules.rule import WRITE
from webos.data.transfer.candidate import Candidate, Row
from webos.data.transfer.encoding import hashable
from webos.data.transfer.options import DeletedMatch, ImportMode
from webos.data.transfer.plan import ImportPlan
from webos.data.transfer.seen_keys import SeenKeys
from webos.data.transfer.slices import in_slices
from webos.data.transfer.validation import RowError
from webos.kernel.context import current_user
from webos.kernel.errors import PermissionDeniedError

__all__ = ["Preparer"]


class Preparer:
    """Prepares candidates, batch after batch in the order of the file.

    Args:
        plan: What the import stands on.
    """

    def __init__(self, plan: ImportPlan) -> None:
        self._plan = plan
        self._mode = plan.options.mode
        self._seen = SeenKeys()
        self._linked = [each.field for each in plan.mapping.columns if each.field.name in plan.finders]
        # Rows that bring ids of their own must not meet those of others, also where they only insert.
        by_id = (each.field for each in plan.mapping.columns if each.field.name == "id")
        self._key = plan.key or tuple(by_id)

    async def prepare(self, candidates: Sequence[Candidate]) -> None:
        """Set on each candidate what is to be stored, or its problems."""
        await self._link(candidates)
        if not self._key:
            await in_slices(self._make, candidates)
            return
        await in_slices(self._identify, candidates)
        await self._plan.matcher.match(candidates)
        if self._plan.options.deleted is not DeletedMatch.NEW:
            await self._plan.matcher.match_deleted([each for each in candidates if not each.problems])
        await in_slices(self._decide, candidates)

    async def match_again(self, candidates: Sequence[Candidate]) -> None:
        """Look again for stored documents of candidates that could not be inserted."""
        for candidate in candidates:
            candidate.row, candidate.problems = None, {}
        await self._plan.matcher.match(candidates)
        await in_slices(self._decide, candidates)

    async def remember(self, candidates: Sequence[Candidate]) -> None:
        """Take note of the keys of rows that an earlier start has stored."""
        if self._key:
            await self._link(candidates)
            await in_slices(self._identify, candidates)

    async def _link(self, candidates: Sequence[Candidate]) -> None:
        for field in self._linked:
            finder = self._plan.finders[field.name]
            texts = [text for each in candidates for text in _texts(each.values.get(field.name))]
            await finder.find(texts)
            for candidate in candidates:
                value = candidate.values.get(field.name)
                if value is None:
                    continue
                try:
                    candidate.values[field.name] = (
                        [finder.reference(text) for text in value]
                        if isinstance(value, list)
                        else finder.reference(value)
                    )
                except ValueError as error:
                    candidate.problems[field.name] = str(error)

    def _identify(self, candidate: Candidate) -> None:
        """Validate the cells of a row by themselves and take the key from them."""
        if candidate.problems:
            return
        try:
            candidate.typed = self._plan.validator.typed(candidate.values)
        except RowError as error:
            candidate.problems.update(error.messages)
            return
        key = tuple(candidate.typed.get(field.stored) for field in self._key)
        if any(value is None or value == "" for value in key):
            if not self._plan.key:
                return
            name = next(field.name for field, value in zip(self._key, key, strict=True) if value is None or value == "")
            candidate.problems[name] = "The key of this row is empty."
            return
        before = self._seen.add(hashable(key), candidate.number)
        if before is not None:
            candidate.problems[self._key[0].name] = f"Row {before} has the same key."
            return
        candidate.key = key

    def _decide(self, candidate: Candidate) -> None:
        """Say what a row with a key becomes."""
        if candidate.problems:
            return
        if candidate.stored is None:
            if self._mode is ImportMode.UPDATE:
                candidate.problems[self._key[0].name] = "There is no stored record with this key."
            else:
                self._make(candidate)
            return
        if candidate.is_deleted and self._plan.options.deleted is DeletedMatch.ERROR:
            candidate.problems[self._key[0].name] = "The record with this key is deleted."
            return
        if not self._may_write(candidate.stored):
            candidate.problems[""] = "You may look at this record, but not change it."
            return
        if self._mode is ImportMode.INSERT and not candidate.is_deleted:
            # Whether it was this import that has stored it, is decided by who knows where it was interrupted.
            return
        try:
            candidate.changes = self._plan.validator.changes(candidate.stored, candidate.typed)
            demand_result(self._plan.collection.policy, candidate.stored, {"$set": candidate.changes})
        except RowError as error:
            candidate.problems.update(error.messages)
        except PermissionDeniedError as error:
            # The stored names of its fields are not those of columns.
            candidate.problems[""] = error.user_message

    def _may_write(self, stored: Row) -> bool:
        """Return whether the acting user may change a document that he sees."""
        rules, user = self._plan.collection.policy.rules, current_user()
        if not rules.restricts(WRITE) or user.is_superuser:
            return True
        return rules.granting(user, WRITE, stored) is not None

    def _make(self, candidate: Candidate) -> None:
        """Make a new document of a row."""
        if candidate.problems:
            return
        values: dict[str, Any] = candidate.values
        if self._plan.identity is not None and values.get("id") is None:
            values = {**values, "id": self._plan.identity(candidate.number)}
        try:
            candidate.row = self._plan.validator.new(values)
        except RowError as error:
            candidate.problems.update(error.messages)


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - a cell of a link, or of several
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
