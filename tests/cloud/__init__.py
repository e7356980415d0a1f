"""The project's own fake AWS: moto in a separate process, with additions.

`python -m tests.cloud` runs it; tests control it with `cloud.py`. Added to moto are
CloudFormation's types (`stack_*.py`), IAM's decisions on every call (`gate.py`,
`iam.py`), a log of the calls, dry runs, throttling, switches for what AWS may do one way or
the other (`switches.py`), and Fargate (`fargate.py`), which runs real processes.
"""
