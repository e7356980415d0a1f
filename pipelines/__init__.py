"""dlt pipelines: which source loads into which dataset of which destination."""

# Every pipeline has the vault: no secret is asked for before this is imported.
import utils.vault_provider
