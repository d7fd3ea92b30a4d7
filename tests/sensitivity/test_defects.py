"""The planted defects still fit the code: `make sensitivity` shows that each is noticed."""

from __future__ import annotations

import pytest

from tests.sensitivity.__main__ import PROJECT
from tests.sensitivity.defects import DEFECTS, Defect


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_fits_the_code_in_exactly_one_place_and_names_tests_that_exist(defect: Defect) -> None:
    code = (PROJECT / defect.path).read_text()

    assert defect.plant(code) != code
    assert all((PROJECT / test).is_file() for test in defect.tests)


def test_there_are_enough_defects_and_each_has_a_name_of_its_own() -> None:
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 25
