# Stand-in for docker.io/library/postgres, with Debian's PostgreSQL.
ARG BASE
FROM ${BASE}
# The official image's ids. A cluster is made by its entrypoint, not by Debian.
RUN groupadd --system --gid 999 postgres \
    && useradd --system --gid postgres --uid 999 --home-dir /var/lib/postgresql \
        --shell /bin/bash postgres \
    && install --directory --owner postgres --group postgres --mode 1777 \
        /var/lib/postgresql /docker-entrypoint-initdb.d \
    && mkdir -p /etc/postgresql-common \
    && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
    && apt-get update -q \
    && apt-get install -qy --no-install-recommends postgresql postgresql-client locales \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
    && localedef -i en_US -c -f UTF-8 -A /usr/share/locale/locale.alias en_US.UTF-8 \
    && sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" \
        /usr/share/postgresql/15/postgresql.conf.sample \
    && install --directory --owner postgres --group postgres --mode 1777 \
        /var/lib/postgresql/data \
    && install --directory --owner postgres --group postgres --mode 3777 \
        /var/run/postgresql
ENV LANG=en_US.utf8 PG_MAJOR=15 PGDATA=/var/lib/postgresql/data \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin
COPY --chmod=755 postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
