"""dlt sources: extraction only. They know neither Prefect nor a destination.

- `exchange_rates`: the European Central Bank's reference rates, packaged or over HTTP.
- `open_exchange_rates`: currencies and rates of the Open Exchange Rates API.
- `products`: the change feed of an application's table in PostgreSQL.
- `hubspot`: contacts, companies and deals of a HubSpot account, with associations.
- `van`: codes, questions, events and signups of NGP VAN / EveryAction (parsons).

What they share, and what is read without a dlt source:

- `postgres`: a PostgreSQL database in one transaction, its rows as Arrow.
- `redshift`: queries from `.sql` files, their rows from Redshift as Arrow (parsons).
- `columns`: declared columns of a resource.
- `database_credentials`: credentials of PostgreSQL and Redshift.
- `quiet_parsons`: imports of parsons that print and log nothing.
"""
