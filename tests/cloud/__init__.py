"""The project's own fake AWS: moto in a process of its own, and what moto lacks.

`python -m tests.cloud` runs it, `cloud.py` is how tests talk to it. Added to moto are
CloudFormation's types (`stack_*.py`), IAM's decisions on every call (`gate.py`, `iam.py`),
a log of the calls, dry runs, throttling, and Fargate (`fargate.py`), which runs real processes.
"""
