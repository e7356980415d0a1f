"""Failures of what is read over HTTP."""

from __future__ import annotations

from signal import SIGINT, SIGKILL, SIGTERM

from tests.planted.failure import Failure
from tests.planted.servers import (
    content,
    cut_off,
    data,
    echo,
    echo_page,
    http,
    hubspot_account,
    nonsense,
    rates,
    reset,
    self_signed,
    slow,
    tcp,
)
from tests.samples.ecb import zipped

ECB = "flows.exchange_rates --refresh"
PUBLICATION = "SOURCES__EXCHANGE_RATES__PUBLICATION_URL"
ADDRESS = "reader:{publication:url}@127.0.0.1:{port}/h.zip?key={publication_key:url}"
AT_THE_SERVER = {PUBLICATION: f"http://{ADDRESS}"}
HUBSPOT = "flows.hubspot"
TOKEN = "SOURCES__HUBSPOT__ACCESS_TOKEN"
OPEN = "flows.open_exchange_rates"
VAN = "flows.van"
IMPATIENT = {"RUNTIME__REQUEST_TIMEOUT": "0.3"}

ECB_FAILURES = (
    Failure(
        "ecb: 403 echoes the password and the key",
        *(ECB, "403", AT_THE_SERVER),
        http(echo_page(403)),
        quick=True,
    ),
    Failure("ecb: 401", ECB, "401", AT_THE_SERVER, http(echo_page(401))),
    Failure("ecb: 404", ECB, "404", AT_THE_SERVER, http(echo_page(404))),
    Failure("ecb: 500", ECB, "500", AT_THE_SERVER, http(echo_page(500))),
    Failure(
        "ecb: redirects without end",
        *(ECB, "redirect", AT_THE_SERVER),
        http(echo_page(302, Location="/h.zip?{query}&{sent}")),
    ),
    Failure(
        "ecb: redirects to a closed port",
        *(ECB, "", AT_THE_SERVER),
        http(echo_page(302, Location="http://a:{sent}@127.0.0.1:9/h.zip?{query}")),
    ),
    Failure(
        "ecb: redirects to nowhere",
        *(ECB, "", AT_THE_SERVER),
        http(echo_page(302, Location="http://[{sent}/h.zip?{query}")),
    ),
    Failure(
        "ecb: no ZIP file",
        *(ECB, "", AT_THE_SERVER),
        http(data(str.encode)),
    ),
    Failure(
        "ecb: a rate that is none",
        *(ECB, "", AT_THE_SERVER),
        http(data(lambda text: zipped(f'Date,USD\n2026-11-02,"{text}",\n'))),
    ),
    Failure(
        "ecb: columns with odd names",
        *(ECB, "", AT_THE_SERVER),
        http(data(lambda text: zipped(f'Date,"{text}",\n2026-11-02,1.2,\n'))),
    ),
    Failure("ecb: cut off", ECB, "", AT_THE_SERVER, http(cut_off)),
    Failure(
        "ecb: time-out", ECB, "sent nothing", AT_THE_SERVER | IMPATIENT, http(slow)
    ),
    Failure("ecb: no HTTP", ECB, "", AT_THE_SERVER, tcp(nonsense)),
    Failure("ecb: breaks the connection", ECB, "", AT_THE_SERVER, tcp(reset)),
    Failure(
        "ecb: unknown host",
        *(ECB, ""),
        {PUBLICATION: "http://r:{publication:url}@ecb.invalid/h?k={publication_key:url}"},
    ),
    Failure(
        "ecb: closed port", ECB, "Connection refused", AT_THE_SERVER, quick=True
    ),
    Failure(
        "ecb: TLS where there is none",
        *(ECB, ""),
        {PUBLICATION: f"https://{ADDRESS}"},
        http(echo_page(403)),
    ),
    Failure(
        "ecb: self-signed certificate",
        *(ECB, ""),
        {PUBLICATION: f"https://{ADDRESS}"},
        tcp(self_signed),
    ),
    Failure(
        "ecb: an address that is none",
        *(ECB, ""),
        {PUBLICATION: "http://reader:{publication}@[h.zip?k={publication_key}"},
    ),
    Failure(
        "ecb: a password that was not encoded",
        *(ECB, ""),
        {PUBLICATION: "http://reader:{publication}{proxy}@127.0.0.1:{port}/h.zip"},
        http(echo_page(403)),
    ),
    Failure(
        "ecb: another scheme",
        *(ECB, ""),
        {PUBLICATION: "ftp://reader:{publication:url}@h/h.zip?k={publication_key:url}"},
    ),
    Failure(
        "ecb: a proxy that is away",
        *(ECB, ""),
        {
            PUBLICATION: "http://ecb.invalid/h.zip?k={publication_key:url}",
            "HTTP_PROXY": "http://reader:{proxy:url}@127.0.0.1:{closed}",
            "NO_PROXY": "127.0.0.1",
        },
    ),
    Failure(
        "ecb: a proxy that refuses",
        *(ECB, "407"),
        {
            PUBLICATION: "http://ecb.invalid/h.zip?k={publication_key:url}",
            "HTTP_PROXY": "http://reader:{proxy:url}@127.0.0.1:{port}",
            "NO_PROXY": "127.0.0.1",
        },
        http(
            lambda request: echo_page(407, Proxy_Authenticate="Basic")(request)
        ),
    ),
)

HUBSPOT_FAILURES = (
    Failure(
        "hubspot: 403 echoes the token",
        *(HUBSPOT, "403"),
        server=http(echo("HubSpot")),
        quick=True,
    ),
    Failure("hubspot: 401", HUBSPOT, "401", server=http(echo("HubSpot", 401))),
    Failure("hubspot: 400", HUBSPOT, "400", server=http(echo("HubSpot", 400))),
    Failure("hubspot: 403 of a proxy", HUBSPOT, "403", server=http(echo_page(403))),
    Failure("hubspot: 502 of a proxy", HUBSPOT, "502", server=http(echo_page(502))),
    Failure(
        "hubspot: used up",
        *(HUBSPOT, ""),
        server=http(content(lambda t: {"policyName": "DAILY", "message": t})),
    ),
    Failure("hubspot: no JSON", HUBSPOT, "", server=http(data(str.encode))),
    Failure(
        "hubspot: a list instead of an object",
        *(HUBSPOT, ""),
        server=http(content(lambda text: [text])),
    ),
    Failure(
        "hubspot: a record without an id",
        *(HUBSPOT, ""),
        server=http(
            content(lambda text: {"results": [{"properties": {"email": text}}]})
        ),
    ),
    Failure(
        "hubspot: a time that is none",
        *(HUBSPOT, ""),
        server=http(
            content(
                lambda text: {
                    "results": [
                        {"id": "1", "properties": {}, "archived": False}
                        | {"createdAt": text, "updatedAt": text}
                    ]
                }
            )
        ),
    ),
    Failure(
        "hubspot: time-out", HUBSPOT, "sent nothing", IMPATIENT, server=http(slow)
    ),
    Failure("hubspot: breaks the connection", HUBSPOT, "", server=tcp(reset)),
    Failure(
        "hubspot: a token with a line's end",
        *(HUBSPOT, "403", {TOKEN: "{hubspot}\n"}),
        http(echo("HubSpot")),
        quick=True,
    ),
    Failure(
        "hubspot: a token in blanks",
        *(HUBSPOT, "403", {TOKEN: " \t{hubspot} \r\n"}),
        http(echo("HubSpot")),
    ),
    Failure(
        "hubspot: a token with a line's end within",
        *(HUBSPOT, "", {TOKEN: "{hubspot}\n{by_hand}"}),
        http(echo("HubSpot")),
        quick=True,
    ),
    Failure(
        "hubspot: a token beyond Latin-1",
        *(HUBSPOT, "", {TOKEN: "{hubspot}–{by_hand}"}),
        http(echo("HubSpot")),
    ),
    Failure(
        "hubspot: a password in the address",
        *(HUBSPOT, ""),
        {
            "SOURCES__HUBSPOT__BASE_URL": (
                "http://reader:{hubspot_address:url}@127.0.0.1:{port}"
            )
        },
        http(echo("HubSpot")),
    ),
    Failure(
        "hubspot: all that is logged",
        *(HUBSPOT, "403"),
        {"PREFECT_LOGGING_LEVEL": "DEBUG", "RUNTIME__LOG_LEVEL": "DEBUG"},
        http(echo("HubSpot")),
    ),
    Failure(
        "hubspot: SIGKILL", HUBSPOT, "", server=http(slow), signal=SIGKILL, code=-9
    ),
    Failure(
        "hubspot: SIGTERM", HUBSPOT, "", server=http(slow), signal=SIGTERM, code=-15
    ),
    Failure("hubspot: SIGINT", HUBSPOT, "", server=http(slow), signal=SIGINT, code=-2),
    Failure(
        "hubspot: loaded", HUBSPOT, "Loaded", server=hubspot_account, code=0, quick=True
    ),
)

OTHER_FAILURES = (
    Failure(
        "open_exchange_rates: 403 echoes the app id",
        *(OPEN, "403"),
        server=http(echo("Open Exchange Rates")),
        quick=True,
    ),
    Failure(
        "open_exchange_rates: 500",
        *(OPEN, "500"),
        server=http(echo("Open Exchange Rates", 500)),
    ),
    Failure(
        "open_exchange_rates: an answer with other keys",
        *(OPEN, ""),
        server=http(content(lambda text: {text: text})),
    ),
    Failure(
        "open_exchange_rates: rates that are none",
        *(OPEN, ""),
        server=http(
            content(
                lambda text: {
                    "timestamp": 1795000000,
                    "base": text,
                    "rates": {"EUR": text, text: 1},
                    "data": {"usage": {"requests_quota": text}},
                }
            )
        ),
    ),
    Failure(
        "open_exchange_rates: a password in the address",
        *(OPEN, ""),
        {
            "SOURCES__OPEN_EXCHANGE_RATES__API_URL": (
                "http://r:{open_exchange_rates_address:url}@127.0.0.1:{port}/api"
            )
        },
    ),
    Failure(
        "open_exchange_rates: the lake's keys are refused",
        *(OPEN, ""),
        {
            "DESTINATION__LAKE__BUCKET_URL": "s3://the-lake/lake",
            "DESTINATION__LAKE__CREDENTIALS__ENDPOINT_URL": "{server}",
        },
        http(echo("AWS")),
    ),
    Failure(
        "open_exchange_rates: loaded", OPEN, "Loaded", server=rates, code=0
    ),
    Failure(
        "van: 403 echoes the key", VAN, "403", server=http(echo("VAN")), quick=True
    ),
    Failure("van: 401", VAN, "401", server=http(echo("VAN", 401))),
    Failure("van: 503 of a proxy", VAN, "503", server=http(echo_page(503))),
    Failure("van: no JSON", VAN, "", server=http(data(str.encode))),
    Failure(
        "van: codes that are none",
        *(VAN, ""),
        server=http(content(lambda text: {"items": [{text: text}], "count": 1})),
    ),
    Failure(
        "van: an id that is none",
        *(VAN, ""),
        server=http(
            content(
                lambda text: {
                    "items": [
                        {"activistCodeId": text, "name": {"a": text}, "status": 1}
                    ],
                    "nextPageLink": None,
                    "count": 1,
                }
            )
        ),
    ),
    Failure(
        "van: a key with a line's end",
        *(VAN, "403", {"SOURCES__VAN__API_KEY": "{van}\n"}),
        http(echo("VAN")),
    ),
    Failure(
        "van: a password in the address",
        *(VAN, ""),
        {"SOURCES__VAN__BASE_URL": "http://r:{van_address:url}@127.0.0.1:{port}/v4/"},
    ),
    Failure("van: breaks the connection", VAN, "", server=tcp(reset)),
    Failure(
        "hello_world: 403",
        *("flows.hello_world", ""),
        {
            "CHECK_IP_URL": "http://r:{check_ip:url}@127.0.0.1:{port}/?k={proxy:url}",
            "EXPECTED_OUTBOUND_IP": "203.0.113.7",
        },
        http(echo_page(403)),
    ),
    Failure(
        "hello_world: no address",
        *("flows.hello_world", ""),
        {
            "CHECK_IP_URL": "http://r:{check_ip:url}@127.0.0.1:{port}/?k={proxy:url}",
            "EXPECTED_OUTBOUND_IP": "203.0.113.7",
        },
        http(data(str.encode)),
    ),
    Failure(
        "hello_world: closed port",
        *("flows.hello_world", ""),
        {
            "CHECK_IP_URL": "http://r:{check_ip:url}@127.0.0.1:{port}/?k={proxy:url}",
            "EXPECTED_OUTBOUND_IP": "203.0.113.7",
        },
    ),
)

FAILURES = (*ECB_FAILURES, *HUBSPOT_FAILURES, *OTHER_FAILURES)
