"""Which columns of a file become which fields: a small TOML file, described in docs/operations.md."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from admin.importing import sources
from admin.importing.sources import InputError, Row, Values

# WordPress's own names, which are the same in every installation.
_USER_ID = "ID"
_META_COLUMNS = ("user_id", "meta_key", "meta_value")

FindMeta = Callable[[str], dict[str, str]]


class Mapping(BaseModel):
    """The mapping of one file. Without one, every column is the field of the same name."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    columns: dict[str, str] = {}
    """The column of the file for each field."""
    meta: dict[str, str] = {}
    """The meta_key of wp_usermeta for each field."""
    values: dict[str, str | int | bool] = {}
    """Fields that have the same value in every row."""
    skip_without: Annotated[str, Field(alias="skip-without")] = ""
    """Rows in which this field is blank are left out: in WordPress, most users have no wallet."""

    @property
    def fields(self) -> set[str]:
        """All fields that the file gives."""
        return {*self.columns, *self.meta, *self.values}

    def apply(self, values: Values, find_meta: FindMeta) -> Values:
        """Return the fields of a row."""
        mapped: Values = {field: values[column] for field, column in self.columns.items() if column in values}
        if self.meta:
            of_user = find_meta(str(values.get(_USER_ID, "")))
            mapped |= {field: of_user.get(key, "") for field, key in self.meta.items()}
        return {**mapped, **self.values}

    def leaves_out(self, mapped: Values) -> bool:
        """Return whether a row is none of those to import."""
        return bool(self.skip_without) and not str(mapped.get(self.skip_without, "")).strip()


def read(path: Path, known: Collection[str]) -> Mapping:
    """Read a mapping to some of the `known` fields. Raises InputError."""
    try:
        mapping = Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise InputError(f"{path} is not a mapping: {place} is unknown or not text.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not TOML: {error}.") from error
    used = mapping.fields | ({mapping.skip_without} if mapping.skip_without else set())
    if unknown := sorted(used - set(known)):
        raise InputError(f"{path} maps to unknown fields ({', '.join(unknown)}); known are {', '.join(known)}.")
    return mapping


def check_columns(mapping: Mapping | None, path: Path, required: Iterable[tuple[str, ...]]) -> None:
    """Raise InputError if a CSV file lacks a column that the mapping names, or one of a field that all rows need."""
    present = sources.columns(path)
    if present is None:
        return
    given = mapping.fields if mapping else set(present)
    if present and (absent := [names[0] for names in required if not given.intersection(names)]):
        raise InputError(f"{path} gives no {', '.join(absent)}: say with --map which column each is.")
    if mapping is None:
        return
    wanted = set(mapping.columns.values()) | ({_USER_ID} if mapping.meta else set())
    if missing := sorted(wanted - set(present)):
        raise InputError(f"{path} has no column {', '.join(missing)}, which the mapping names.")


def read_meta(path: Path, mapping: Mapping) -> Iterator[tuple[str, str, str]]:
    """Yield user_id, meta_key and meta_value of the entries of wp_usermeta that are mapped. Raises InputError."""
    wanted = set(mapping.meta.values())
    for row in sources.read(path):
        if any(column not in row.values for column in _META_COLUMNS):
            raise InputError(f"{path} has no columns {', '.join(_META_COLUMNS)}, as wp_usermeta has.")
        user_id, key, value = (str(row.values[column]) for column in _META_COLUMNS)
        if key in wanted:
            yield user_id, key, value


def rows(path: Path, mapping: Mapping | None, find_meta: FindMeta) -> Iterator[Row]:
    """Yield the rows of a file with their fields. Raises InputError."""
    for row in sources.read(path):
        values: dict[str, Any] = {
            name: value for name, value in row.values.items() if name not in sources.REJECT_FIELDS
        }
        if mapping is None:
            yield row._replace(values=values)
            continue
        mapped = mapping.apply(values, find_meta)
        if not mapping.leaves_out(mapped):
            yield row._replace(values=mapped)
