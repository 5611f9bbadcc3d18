#!/usr/bin/env bash
# Ends Ray on a worker once its head has been away for a minute, longer than `ray up` restarts it.
# `ray down` of machines of one's own reaches the head alone: Ray's servers on the workers go by
# themselves after a minute too, but its agents and its log monitor would stay.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/node.sh"

head=${RAY_HEAD_IP:?names the head; ray up sets it}
head_port=${RAY_HEAD_PORT:-6379}
grace_s=${GRADSCAPE_GRACE_S:-60}
watching=$HOME/.gradscape/watch.pid

answers() { timeout 5 bash -c "exec 3<>/dev/tcp/$head/$head_port" 2>/dev/null; }

if [ "${1:-}" = watch ]; then
    last_s=$SECONDS
    while ((SECONDS - last_s < grace_s)); do
        sleep 5
        if answers; then last_s=$SECONDS; fi
    done
    ray stop --force
elif ! grep -qs leave_with_head "/proc/$(cat "$watching" 2>/dev/null)/cmdline"; then
    setsid nohup "$here/leave_with_head.sh" watch >/dev/null 2>&1 </dev/null &
    echo $! >"$watching"
fi
