#!/bin/sh
# Starts Redis: the chart's configuration, and this pod's part of it.
set -eu
. "$CONFIG/common.sh"
check_passwords
master=$(find_master)
umask 077
{
    cat "$CONFIG/redis.conf"
    echo "dir $DATA"
    echo "replica-announce-ip $SELF"
    let_in
    echo "masterauth $(shown)"
    [ -n "${BIND:-}" ] && echo "bind $BIND"
    [ "$master" = "$SELF" ] || echo "replicaof $master $PORT"
} >"$RUN/redis.conf"
echo "Starting $SELF; the master is $master."
show_the_new_one "$PORT" 'CONFIG SET masterauth %s'
exec redis-server "$RUN/redis.conf"
