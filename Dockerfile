# The single image of the worker and all flows.
#
#     docker build -t data-platform --build-arg IMAGE_VERSION=$(git rev-parse HEAD) .
#
# If a private authority signs the package index's certificate, add
# --secret id=ca,src=<a file of all trusted certificates>. Podman and buildah take the same
# options.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /app
# Copied, not mounted: buildah's cache does not notice a changed mounted file.
COPY .ci/requirements.txt .ci/
RUN --mount=type=secret,id=ca --mount=type=cache,target=/root/.cache \
    if [ -e /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \
    && python3 -m venv /uv \
    && /uv/bin/pip install --quiet --require-hashes --only-binary :all: \
        --requirement .ci/requirements.txt

COPY pyproject.toml uv.lock ./
# Bytecode is compiled, because each task starts in a new container.
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1
# Remove what no flow imports:
# - Arrow Flight, a network protocol; Arrow's headers, C++ sources and tests
# - second and third copies of libarrow_python, for compilers, because wheels have no links
# - Prefect's UI, which only a server needs
# - uv's lock, which is writable for everyone
RUN --mount=type=secret,id=ca --mount=type=cache,target=/root/.cache \
    if [ -e /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi \
    && /uv/bin/uv sync --quiet --locked --no-dev --no-install-project \
    && cd .venv/lib/python3*/site-packages \
    && rm -r pyarrow/*flight* pyarrow/include pyarrow/src pyarrow/tests \
        pyarrow/libarrow_python.so pyarrow/libarrow_python.so.*.* \
        prefect/server/ui prefect/server/ui-v2 /app/.venv/.lock

FROM ${PYTHON_IMAGE} AS code
WORKDIR /app
COPY . .
# Nothing but Python and SQL of the layers, such as a key that somebody has put there. A clone
# may be readable by its owner alone, here not by `app`.
RUN find flows pipelines sources utils ! -type d ! -name '*.py' ! -name '*.sql' -delete \
    && find infrastructure ! -type d ! -name '*.py' ! -name '*.sql' ! -name '*.sh' \
        ! -name '*.service' ! -name '*.timer' ! -name 'compose*.yaml' -delete \
    && chmod -R a+rX . \
    && python3 -m compileall -q flows infrastructure pipelines sources utils

FROM ${PYTHON_IMAGE}
# The official image lacks the standard library's bytecode, which costs each start half a
# second.
RUN useradd --create-home app \
    && python3 -m compileall -q -x site-packages \
        "$(python3 -c "import sysconfig; print(sysconfig.get_path('stdlib'))")"
WORKDIR /app
COPY --from=build /app/.venv .venv
# Code belongs to root. What flows write goes into the home of `app`.
# Arrow's own allocator keeps memory that was needed for a moment (utils/loading/memory.py).
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 ARROW_DEFAULT_MEMORY_POOL=system \
    DLT_LOCAL_DIR=/home/app PIPELINES_DIR=/home/app/pipelines
COPY --from=code /app .
USER app
# Check that this user can import every flow.
RUN for flow in flows/[a-z]*.py; do echo "import flows.$(basename "$flow" .py)"; done | python
# All else is read-only on ECS. Fargate gives the volumes these folders' owners, else root's.
VOLUME ["/home/app", "/tmp"]
# Last, because the version differs in every build.
ARG IMAGE_VERSION=unknown
ENV IMAGE_VERSION=${IMAGE_VERSION}
CMD ["prefect", "version"]
