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

# Whom the other pods' sentinels take for the master, a line each that answers.
ask_sentinels() {
    for peer in $PEERS; do
        [ "$peer" = "$SELF" ] && continue
        cli "$peer" "$SENTINEL_PORT" sentinel get-master-addr-by-name "$MASTER_NAME" | sed -n 1p
    done
}

# What this pod saw last, on its own volume.
remembered() {
    cat "$DATA/last-master" 2>/dev/null || true
}

remember() { # host
    echo "$1" >"$DATA/last-master.new"
    mv "$DATA/last-master.new" "$DATA/last-master"
}

# The line that comes most often, if at least as often as asked for.
most_frequent() { # times
    sort | uniq -c | sort -rn | awk -v times="$1" 'NR == 1 && $1 >= times { print $2 }'
}

# A node that says of itself that it is the master and has replicas: true even before sentinels have met.
master_by_role() {
    for peer in $PEERS; do
        [ "$peer" = "$SELF" ] && continue
        info=$(cli "$peer" "$PORT" info replication)
        [ "$(echo "$info" | field role)" = master ] && [ "$(echo "$info" | field connected_slaves)" != 0 ] && echo "$peer"
    done | sed -n 1p
}

# Who leads. The majority says, this pod's memory being a voice too, or else a master that is followed; where neither
# is to be had, any sentinel, then memory alone, then the first pod: a majority is what no restart of few pods lacks.
find_master() {
    tries=0
    while [ "$tries" -lt "${DISCOVERY_TRIES:-3}" ]; do
        said=$(ask_sentinels)
        found=$({ echo "$said"; remembered; } | grep . | most_frequent "$QUORUM")
        [ -n "$found" ] || found=$(master_by_role)
        [ -n "$found" ] && echo "$found" && return
        tries=$((tries + 1))
        sleep 1
    done
    found=$(echo "$said" | grep . | most_frequent 1)
    [ -n "$found" ] || found=$(remembered)
    echo "${found:-${PEERS%% *}}"
}

check_password() {
    case $REDIS_PASSWORD in
    '' | *[!A-Za-z0-9._~-]*)
        echo 'The password in the Secret is empty, or has other characters than letters, digits and - _ . ~' >&2
        exit 1
        ;;
    esac
}
