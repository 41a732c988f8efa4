#!/bin/sh
# Starts Redis: the chart's configuration, and this pod's part of it.
set -eu
. "$CONFIG/common.sh"
check_password
master=$(find_master)
umask 077
{
    cat "$CONFIG/redis.conf"
    echo "dir $DATA"
    echo "replica-announce-ip $SELF"
    echo "requirepass $REDIS_PASSWORD"
    echo "masterauth $REDIS_PASSWORD"
    [ -n "${BIND:-}" ] && echo "bind $BIND"
    [ "$master" = "$SELF" ] || echo "replicaof $master $PORT"
} >"$RUN/redis.conf"
echo "Starting $SELF; the master is $master."
exec redis-server "$RUN/redis.conf"
