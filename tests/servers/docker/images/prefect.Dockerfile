# Stand-in for docker.io/prefecthq/prefect: Prefect of the project's image, with the UI.
ARG PROJECT
ARG BASE
FROM ${PROJECT} AS project

FROM ${BASE}
RUN apt-get update -q \
    && apt-get install -qy --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
WORKDIR /opt/prefect
# The scripts name this folder. Mounted, not copied, because buildah would read all of it to
# find the step in its cache; there it finds it by the argument, which each step has.
ARG PACKAGES
RUN --mount=type=bind,from=project,source=/app/.venv,target=/packages \
    mkdir /app && cp -a /packages /app/.venv
COPY ui /app/.venv/lib/python3.11/site-packages/prefect/server/ui
COPY ui-v2 /app/.venv/lib/python3.11/site-packages/prefect/server/ui-v2
COPY --chmod=755 prefect-entrypoint.sh entrypoint.sh
ENV LC_ALL=C.UTF-8 LANG=C.UTF-8 \
    PATH=/app/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN prefect version
ENTRYPOINT ["/usr/bin/tini", "-g", "--", "/opt/prefect/entrypoint.sh"]
