"""Columns of VAN's tables, whose types do not depend on the first values.

Other fields are loaded, too: dlt takes their type from the first value.
"""

from __future__ import annotations

from sources.columns import columns_of_types

NAMES = "name medium_name short_name"
ACTIVIST_CODE = columns_of_types(
    {
        "bigint": "activist_code_id",
        "text": f"{NAMES} type status description script_question",
    }
)
SURVEY_QUESTION = columns_of_types(
    {
        "bigint": "survey_question_id cycle",
        "text": f"{NAMES} type status script_question",
    }
)
SURVEY_RESPONSE = columns_of_types(
    {"bigint": "survey_question_id survey_response_id", "text": NAMES}
)
EVENT = columns_of_types(
    {
        "bigint": "event_id event_type__event_type_id",
        "text": "name short_name description event_type__name district_field_value",
        "timestamp": "start_date end_date created_date",
        "bool": "is_active is_publicly_viewable is_only_editable_by_creating_user",
    }
)
# Lists within an event, each loaded as a table of its own.
PARTS_OF_EVENT = {
    "shifts": columns_of_types(
        {
            "bigint": "event_id event_shift_id",
            "text": "name",
            "timestamp": "start_time end_time",
        }
    ),
    "roles": columns_of_types(
        {
            "bigint": "event_id role_id min max goal",
            "text": "name",
            "bool": "is_event_lead",
        }
    ),
    "codes": columns_of_types(
        {
            "bigint": "event_id code_id parent_code_id",
            "text": "name code_type",
            "timestamp": "date_created",
        }
    ),
    "locations": columns_of_types(
        {
            "bigint": "event_id location_id",
            "text": "name display_name address__address_line1 address__address_line2"
            " address__city address__state_or_province address__zip_or_postal_code"
            " address__country_code",
            "double": "address__geo_location__lat address__geo_location__lon",
        }
    ),
}
SIGNUP = columns_of_types(
    {
        "bigint": "event_signup_id event_id van_id shift__event_shift_id role__role_id"
        " status__status_id location__location_id supporter_group_id",
        "text": "shift__name role__name status__name location__name location__display_name",
        "timestamp": "start_time_override end_time_override",
        "bool": "is_offline_signup",
    }
)
