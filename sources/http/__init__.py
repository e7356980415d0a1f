"""Requests to a source's server.

- `source_client`: dlt's HTTP client, for one server and answers of limited size.
- `server_address`: the address in a setting, and whether another one is the same server's.
- `page_trail`: pages that lead in a circle.
"""
