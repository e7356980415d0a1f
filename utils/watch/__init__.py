"""Watch: tells people what is wrong with runs, deployments, tables and work pools.

- `history`: what is known at a look.
- `judge`: what is due.
- `letters`: what of it to send now.
"""
