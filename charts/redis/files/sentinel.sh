#!/bin/sh
# Starts the sentinel beside a Redis. It rewrites its configuration, which is made anew each time: what it has to know
# about the others it learns from them again within seconds.
set -eu
. "$CONFIG/common.sh"
check_passwords
master=$(find_master)
# A sentinel refuses to start with a name that has no address yet, as a pod's has none before the pod runs.
until getent ahosts "$master" >/dev/null 2>&1 || getent hosts "$master" >/dev/null 2>&1; do
    sleep 1
    master=$(find_master)
done
remember "$master"
umask 077
{
    cat "$CONFIG/sentinel.conf"
    echo "dir $RUN"
    # Always the same for a pod: a new identity would count as one more sentinel, and move the majority.
    echo "sentinel myid $(printf %s "$SELF" | sha1sum | cut -c 1-40)"
    echo "sentinel announce-ip $SELF"
    let_in
    [ -n "${BIND:-}" ] && echo "bind $BIND"
    echo "sentinel monitor $MASTER_NAME $master $PORT $QUORUM"
    echo "sentinel auth-pass $MASTER_NAME $(shown)"
    echo "sentinel sentinel-pass $(shown)"
    echo "sentinel down-after-milliseconds $MASTER_NAME $DOWN_AFTER"
    echo "sentinel failover-timeout $MASTER_NAME $FAILOVER_TIMEOUT"
    echo "sentinel parallel-syncs $MASTER_NAME $PARALLEL_SYNCS"
    echo "sentinel client-reconfig-script $MASTER_NAME $CONFIG/remember.sh"
} >"$RUN/sentinel.conf"
echo "Starting the sentinel of $SELF; the master is $master."
show_the_new_one "$SENTINEL_PORT" "SENTINEL SET $MASTER_NAME auth-pass %s" 'SENTINEL CONFIG SET sentinel-pass %s'
exec redis-server "$RUN/sentinel.conf" --sentinel
