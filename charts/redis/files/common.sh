# What the other scripts share. Plain sh: the image has no more. The environment says who is who (statefulset.yaml).

cli() { # host port command...
    host=$1 port=$2
    shift 2
    # shellcheck disable=SC2086 # the options are words on purpose
    timeout 3 redis-cli $TLS_OPTIONS -h "$host" -p "$port" --raw "$@" 2>/dev/null
}

field() { # name: the value of a line `name:value` of INFO
    tr -d '\r' | sed -n "s/^$1://p"
}

# The master that the other pods' sentinels agree on; nothing where none answers.
master_by_sentinels() {
    for peer in $PEERS; do
        [ "$peer" = "$SELF" ] && continue
        cli "$peer" "$SENTINEL_PORT" sentinel get-master-addr-by-name "$MASTER_NAME" | sed -n 1p
    done | sort | uniq -c | sort -rn | sed -n '1s/^ *[0-9]* *//p'
}

# A node that says of itself that it is the master and has replicas: true even before sentinels have met.
master_by_role() {
    for peer in $PEERS; do
        [ "$peer" = "$SELF" ] && continue
        info=$(cli "$peer" "$PORT" info replication)
        [ "$(echo "$info" | field role)" = master ] && [ "$(echo "$info" | field connected_slaves)" != 0 ] && echo "$peer"
    done | sed -n 1p
}

# Who leads: what the others say, else what this pod saw last, else the first pod.
find_master() {
    tries=0
    while [ "$tries" -lt "${DISCOVERY_TRIES:-3}" ]; do
        found=$(master_by_sentinels)
        [ -n "$found" ] || found=$(master_by_role)
        [ -n "$found" ] && echo "$found" && return
        tries=$((tries + 1))
        sleep 1
    done
    if [ -s "$DATA/last-master" ]; then
        cat "$DATA/last-master"
    else
        echo "${PEERS%% *}"
    fi
}

check_password() {
    case $REDIS_PASSWORD in
    '' | *[!A-Za-z0-9._~-]*)
        echo 'The password in the Secret is empty, or has other characters than letters, digits and - _ . ~' >&2
        exit 1
        ;;
    esac
}
