"""The exchange rates' source: the packaged history, and the ECB's latest over HTTP."""

from __future__ import annotations

import pyarrow as pa
import pytest
from dlt.extract.exceptions import ResourceExtractionError

from sources.exchange_rates import PublicationUnavailable, exchange_rates_source
from sources.exchange_rates.archive import HistoryError
from tests.fakes.http_server import Answer, api
from tests.repository.settings import request_timeout
from tests.samples.ecb import FEW_DAYS, packaged_csv, with_one_more_day, zipped

LATEST = Answer(zipped(with_one_more_day(packaged_csv())[0]))


def extracted(refresh: bool = False, url: str = "") -> pa.Table:
    """Return what the source yields, or raise what it raises, without dlt's wrapping."""
    source = exchange_rates_source(refresh=refresh, publication_url=url)
    try:
        return pa.concat_tables(source.exchange_rates)
    except ResourceExtractionError as error:
        raise error.__cause__


def test_without_refresh_nothing_is_fetched():
    with api(LATEST) as ecb:
        history = extracted(refresh=False, url=ecb.url)
        assert ecb.requests == []
    assert history.num_rows > 200_000


def test_refresh_takes_the_latest_publication():
    with api(LATEST) as ecb:
        latest = extracted(refresh=True, url=f"{ecb.url}/hist.zip")
        assert ecb.paths == ["/hist.zip"]
    packaged = extracted()
    assert len(latest["date"].unique()) == len(packaged["date"].unique()) + 1


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(status=500),
        Answer(status=503),
        Answer(status=429, headers={"Retry-After": "0"}),
        Answer(body=LATEST.body, cut_off=True),
    ],
    ids=["500", "503", "429", "cut off"],
)
def test_passing_trouble_is_retried(trouble):
    with api(trouble, trouble, LATEST) as ecb:
        assert extracted(refresh=True, url=ecb.url).num_rows > 200_000
        assert len(ecb.requests) == 3


def test_lasting_trouble_ends_after_five_attempts():
    with api(Answer(status=500)) as ecb:
        with pytest.raises(PublicationUnavailable, match="500"):
            extracted(refresh=True, url=ecb.url)
        assert len(ecb.requests) == 5


def test_a_server_that_is_too_slow_is_told_with_the_setting():
    with api(Answer(LATEST.body, seconds=0.5)) as ecb, request_timeout(0.1):
        with pytest.raises(PublicationUnavailable) as error:
            extracted(refresh=True, url=ecb.url)
    assert str(error.value) == (
        f"{ecb.url} could not be fetched: 127.0.0.1 sent nothing for 0.1 s. Nothing was"
        " loaded. That was tried several times. If it needs longer to answer, raise"
        " request_timeout under [runtime] in .dlt/config.toml, or"
        " RUNTIME__REQUEST_TIMEOUT in the environment. If the ECB has moved it, set"
        " sources.exchange_rates.publication_url."
    )


def test_nobody_there_is_an_error():
    with api(LATEST) as ecb:
        gone = ecb.url
    with pytest.raises(PublicationUnavailable) as error:
        extracted(refresh=True, url=gone)
    assert str(error.value).startswith(f"{gone} could not be fetched: ")


def test_not_found_is_not_retried():
    with api(Answer(status=404)) as ecb:
        with pytest.raises(PublicationUnavailable, match="404"):
            extracted(refresh=True, url=ecb.url)
        assert len(ecb.requests) == 1


@pytest.mark.parametrize(
    "body, problem",
    [
        (b"<html>Maintenance</html>", "not a whole ZIP archive"),
        (zipped(FEW_DAYS), "that the packaged history has"),
    ],
    ids=["a page", "fewer days"],
)
def test_bad_content_is_an_error_that_names_the_address(body, problem):
    with api(Answer(body)) as ecb:
        with pytest.raises(HistoryError, match=problem) as error:
            extracted(refresh=True, url=ecb.url)
        assert error.value.file == ecb.url
        assert len(ecb.requests) == 1
