"""Watch: tells people what is wrong with runs, deployments, tables and work pools.

`python -m utils.watch` looks at Prefect's server (`look`):

- `prefect_history`, `schedules`: read from the server
- `history`: what is known,
- `judge`: what of it is due,
- `letters`: what of that to send now,
- `words`, `runbook`: what it says,
- `letter_events`: sent as events, which automations deliver (blocks/alerts.py).

infrastructure/alerts.md has the rules in words.
"""
