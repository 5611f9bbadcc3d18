#!/usr/bin/env bash
# PostgreSQL and an MLflow server on the head of a cluster, as cluster.env asks for them.
#
#   head_services.sh start    starts what does not run, waits until it answers
#   head_services.sh stop     stops both; what they hold stays in ~/gradscape-services
#
# They end by themselves a minute after Ray has ended, so that `ray down` leaves nothing running.
# Both want passwords, and listen on loopback unless MLFLOW_LISTEN says otherwise.
set -euo pipefail
umask 077
here=$(cd "$(dirname "$0")" && pwd)
. "$here/node.sh"

folder=$HOME/gradscape-services
data=${POSTGRES_DATA:-$folder/postgresql}
head_port=${RAY_HEAD_PORT:-6379}
grace_s=${GRADSCAPE_GRACE_S:-60}

# PostgreSQL refuses to run as root.
as_owner=()
if [ "$(id -u)" = 0 ]; then
    as_owner=(runuser -u postgres --)
    data=${POSTGRES_DATA:-/var/lib/gradscape/postgresql}
fi

say() { echo "head_services: $*"; }
fail() { echo "head_services: $*" >&2; exit 1; }
postgres() { PATH="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1):$PATH" "${as_owner[@]}" "$@"; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
mlflow_answers() { curl -fsS --max-time 2 "http://127.0.0.1:$MLFLOW_PORT/health" >/dev/null 2>&1; }

start_postgresql() {
    [ -n "${POSTGRES_PASSWORD:-}" ] || { say "PostgreSQL is elsewhere"; return; }
    postgres bash -c 'command -v pg_ctl' >/dev/null ||
        fail "no PostgreSQL here; apt-get install postgresql"
    if ! postgres test -f "$data/PG_VERSION"; then
        if [ "$(id -u)" = 0 ]; then install -d -o postgres -g postgres -m 700 "$data"; fi
        local secret
        secret=$(postgres mktemp)
        printf '%s\n' "$POSTGRES_PASSWORD" | postgres tee "$secret" >/dev/null
        # UTF8 whatever the machine's language: of SQL_ASCII, which C asks for, MLflow gets bytes.
        postgres initdb -D "$data" -U gradscape --auth=scram-sha-256 --pwfile="$secret" \
            --encoding=UTF8 --locale=C.UTF-8 >/dev/null
        postgres rm "$secret"
    fi
    if ! postgres pg_ctl -D "$data" status >/dev/null; then
        postgres pg_ctl -D "$data" -w -l "$data/server.log" start >/dev/null -o \
            "-p $POSTGRES_PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
             -c max_connections=200"
    fi
    local name
    for name in optuna mlflow; do
        PGPASSWORD=$POSTGRES_PASSWORD psql -h 127.0.0.1 -p "$POSTGRES_PORT" -U gradscape -qtA \
            -c "SELECT 1 FROM pg_database WHERE datname = '$name'" postgres | grep -q 1 ||
            PGPASSWORD=$POSTGRES_PASSWORD psql -h 127.0.0.1 -p "$POSTGRES_PORT" -U gradscape -q \
                -c "CREATE DATABASE $name" postgres
    done
    say "PostgreSQL listens on 127.0.0.1:$POSTGRES_PORT"
}

start_mlflow() {
    case $GRADSCAPE_TRACKING_URI in
        "http://127.0.0.1:$MLFLOW_PORT" | "http://localhost:$MLFLOW_PORT") ;;
        *) say "MLflow is elsewhere"; return ;;
    esac
    if ! mlflow_answers; then
        [ "${#MLFLOW_TRACKING_PASSWORD}" -ge 12 ] ||
            fail "MLFLOW_TRACKING_PASSWORD in cluster.env must have 12 characters or more"
        # Names and passwords are kept beside the runs; checking one takes a while, so it is
        # remembered for a minute.
        printf '%s\n' '[mlflow]' 'default_permission = READ' "database_uri = $MLFLOW_DATA_BASE" \
            "admin_username = $MLFLOW_TRACKING_USERNAME" 'auth_cache_ttl_seconds = 60' \
            'authorization_function = mlflow.server.auth:authenticate_request_basic_auth' \
            >"$folder/auth.ini"
        [ -s "$folder/key" ] || head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/key"
        MLFLOW_AUTH_CONFIG_PATH=$folder/auth.ini MLFLOW_DISABLE_TELEMETRY=true \
            MLFLOW_AUTH_ADMIN_PASSWORD=$MLFLOW_TRACKING_PASSWORD \
            MLFLOW_BACKEND_STORE_URI=$MLFLOW_DATA_BASE \
            MLFLOW_FLASK_SERVER_SECRET_KEY=$(cat "$folder/key") \
            MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false \
            setsid nohup mlflow server --app-name basic-auth \
            --host "$MLFLOW_LISTEN" --port "$MLFLOW_PORT" --allowed-hosts "$MLFLOW_ALLOWED_HOSTS" \
            --artifacts-destination "$MLFLOW_ARTIFACTS" --workers 2 \
            >"$folder/mlflow.log" 2>&1 </dev/null &
        echo $! >"$folder/mlflow.pid"
        local waited=0
        until mlflow_answers; do
            [ -d "/proc/$(cat "$folder/mlflow.pid")" ] && [ "$waited" -lt 180 ] ||
                fail "MLflow did not start: $(tail -n 3 "$folder/mlflow.log")"
            sleep 1
            waited=$((waited + 1))
        done
    fi
    say "MLflow listens on $MLFLOW_LISTEN:$MLFLOW_PORT, for $MLFLOW_ALLOWED_HOSTS"
}

stop() {
    if [ -f "$folder/mlflow.pid" ]; then
        kill -- "-$(cat "$folder/mlflow.pid")" 2>/dev/null || true
        rm -f "$folder/mlflow.pid"
    fi
    if postgres pg_ctl -D "$data" status >/dev/null 2>&1; then
        postgres pg_ctl -D "$data" -m fast stop >/dev/null
    fi
}

# Waits in the background until Ray has been away for a minute, longer than `ray up` restarts it.
watch() {
    local away_s=0
    while [ "$away_s" -lt "$grace_s" ]; do
        sleep 5
        if listens "$head_port"; then away_s=0; else away_s=$((away_s + 5)); fi
    done
    stop
}

mkdir -p "$folder"
case ${1:-start} in
    start)
        start_postgresql
        start_mlflow
        if ! { [ -f "$folder/watch.pid" ] && kill -0 "$(cat "$folder/watch.pid")" 2>/dev/null; }; then
            setsid nohup "$here/head_services.sh" watch >/dev/null 2>&1 </dev/null &
            echo $! >"$folder/watch.pid"
        fi
        ;;
    watch) watch ;;
    stop) stop ;;
    *) fail "start or stop" ;;
esac
