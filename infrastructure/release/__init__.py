"""Releases of a commit: what it changes in production, and the change itself.

- `prefect_file`: prefect.yaml, read strictly.
- `code`: the flows of a commit, and which of them a changed file reaches.
- `deployments`: deployments on Prefect's server, compared and changed.
- `stack`: the platform's CloudFormation stack, compared and updated.
- `images`: the container images of commits.
- `planning`: reads a commit and production, and makes the plan of `plan`, which `report`
  prints and `apply` carries out.
"""
