"""Fake docker: the services of a Compose file run here as processes, without a daemon.

Written from the Compose Specification, the reference of `docker compose` and the images'
documentation, not from this project's Compose files. Only root can use it.

Played as documented:

- commands `up --detach|--wait`, `start`, `stop`, `restart`, `kill`, `down`, `exec`,
  `run --rm`, `ps`, `logs`, `config`, `build`, `pull`
- several files, `.env`, interpolation, merging, profiles
- a root of the image's files for each container, volumes, mounts, tmpfs, secrets
- order of start and stop, health checks, restart policies with Docker's delays
- users, capabilities, `no_new_privileges`, `init`, limits of processes, read-only roots
- a network for each container, a bridge, published ports, names of running services

What is not understood, in a file or a command line, is an error with exit code 125.

Different from Docker:

- No images are pulled: a table has them (stand_ins.py). `build` takes only IMAGE_VERSION as
  an argument, and `up` does not build what the table has not.
- Services of several projects are in one network, though without each other's names.
- `mem_limit` is watched twice a second (memory.py), because cgroups are read-only here.
  `cpus`, `pids_limit`, `mem_reservation`, `memswap_limit` and options of `logging` are
  checked and have no effect. There is no seccomp filter and no AppArmor.
- Names are in /etc/hosts, not from a name server. No name outside resolves.
- A container ends when its supervisor does. With Docker it may outlive the daemon.
- `exec` and `run` have no terminal.
"""
