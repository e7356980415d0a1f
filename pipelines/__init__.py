"""dlt pipelines: which source loads into which dataset of which destination.

- `exchange_rates`: new and corrected rates of the European Central Bank into the warehouse.
- `open_exchange_rates`: rates and currencies into the lake, a range of days in parts.
- `products`: a change feed into the warehouse, and a view of the current products.
- `hubspot`: records and associations of a HubSpot account into the warehouse.
- `van`: events of NGP VAN / EveryAction into the warehouse, window by window.
- `redshift_export`: results of queries on Redshift into the lake, a file each (no dlt).
"""

# Every pipeline has the vault: no secret is asked for before this is imported.
import utils.vault_provider
