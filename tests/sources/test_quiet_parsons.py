"""parsons' imports print nothing; what else warns is heard."""

from __future__ import annotations

import logging
import warnings

import pytest

from sources.quiet_parsons import quiet_parsons


def test_parsons_advice_and_its_lines_of_each_listing_are_silenced(recwarn, capfd):
    with quiet_parsons():
        warnings.warn(
            "Install parsons with PARSONS_LIMITED_DEPENDENCIES", RuntimeWarning
        )
        logging.getLogger("parsons").addHandler(logging.StreamHandler())
    logging.getLogger("parsons.ngpvan").info("Found 3 events.")
    assert not recwarn.list
    assert capfd.readouterr() == ("", "")


def test_other_warnings_are_heard():
    with pytest.warns(DeprecationWarning), quiet_parsons():
        warnings.warn("This goes", DeprecationWarning)


def test_parsons_warnings_reach_the_log(caplog):
    with quiet_parsons():
        pass
    logging.getLogger("parsons.ngpvan").warning("VAN is slow")
    assert caplog.messages == ["VAN is slow"]
