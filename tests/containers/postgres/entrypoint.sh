#!/bin/sh
# What the entry point of PostgreSQL's image does, as far as docker-compose.yml relies on it.
set -eu
data=/var/lib/postgresql/data

as_postgres() {
    setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
}

if [ ! -f "$data/PG_VERSION" ]; then
    chown postgres:postgres "$data"
    chmod 700 "$data"
    (umask 077; printf '%s\n' "$POSTGRES_PASSWORD" > /tmp/password)
    chown postgres:postgres /tmp/password
    # shellcheck disable=SC2086 # several options
    as_postgres initdb -D "$data" --username="$POSTGRES_USER" --pwfile=/tmp/password ${POSTGRES_INITDB_ARGS:-}
    rm /tmp/password
    as_postgres pg_ctl -D "$data" -o "-c listen_addresses=''" -w start
    for file in /docker-entrypoint-initdb.d/*.sh; do
        as_postgres sh "$file"
    done
    as_postgres pg_ctl -D "$data" -m fast -w stop
    echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups postgres -D "$data" -c "listen_addresses=*"
