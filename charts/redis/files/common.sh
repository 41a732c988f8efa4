# What the other scripts share. Plain sh: the image has no more. The environment says who is who (statefulset.yaml).

# Says what a server says, an error as well, and fails on an error. The new password first; while it rotates, a pod
# that was not updated yet takes only the one before.
ask() { # host port command...
    host=$1 port=$2
    shift 2
    for password in $REDIS_PASSWORD ${REDIS_PREVIOUS_PASSWORD:-}; do
        status=0
        reply=$(redis "$password" "$@" 2>&1) || status=$?
        case $status$reply in
        [1-9]*NOAUTH* | [1-9]*WRONGPASS*) ;;
        *) break ;;
        esac
    done
    printf '%s\n' "$reply"
    return "$status"
}

redis() { # password command...: to $host and $port, or the commands on standard input
    secret=$1
    shift
    # -e (Redis 7.0): an error is a failure, and not on standard output.
    # shellcheck disable=SC2086 # the options are words on purpose
    REDISCLI_AUTH=$secret timeout 3 redis-cli $TLS_OPTIONS -e -h "$host" -p "$port" --raw "$@"
}

# Says what a server answers. An error is no answer: nobody takes its text for one.
cli() { # host port command...
    if answer=$(ask "$@"); then printf '%s\n' "$answer"; fi
}

field() { # name: the value of a line `name:value` of INFO
    tr -d '\r' | sed -n "s/^$1://p"
}

# Of the lines on standard input, those that are a pod of this StatefulSet: nothing else can be a master.
pods_only() {
    while read -r line; do
        for pod in $PEERS; do
            if [ "$line" = "$pod" ]; then echo "$pod"; fi
        done
    done
}

# Whom the other pods' sentinels take for the master, a line each that answers.
ask_sentinels() {
    for peer in $PEERS; do
        [ "$peer" = "$SELF" ] && continue
        cli "$peer" "$SENTINEL_PORT" sentinel get-master-addr-by-name "$MASTER_NAME" | sed -n 1p | pods_only
    done
}

# What this pod saw last, on its own volume.
remembered() {
    if [ -f "$DATA/last-master" ]; then pods_only <"$DATA/last-master"; fi
}

remember() { # host
    for known in $(echo "$1" | pods_only); do
        echo "$known" >"$DATA/last-master.new"
        mv "$DATA/last-master.new" "$DATA/last-master"
    done
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

check_passwords() {
    for password in "$REDIS_PASSWORD" "${REDIS_PREVIOUS_PASSWORD:-$REDIS_PASSWORD}"; do
        case $password in
        '' | *[!A-Za-z0-9._~-]*)
            echo 'A password in the Secret is empty, or has other characters than letters, digits and - _ . ~' >&2
            exit 1
            ;;
        esac
    done
}

# What this pod lets in: the new password and, while it rotates, the one before. As hashes, which is all that
# `requirepass` would make of them as well.
let_in() {
    hashes=
    for password in $REDIS_PASSWORD ${REDIS_PREVIOUS_PASSWORD:-}; do
        hashes="$hashes #$(printf %s "$password" | sha256sum | cut -c 1-64)"
    done
    echo "user default on ~* &* +@all$hashes"
}

# What this pod shows to the others: at first the one before, which those that were not updated yet let in as well.
shown() {
    echo "${REDIS_PREVIOUS_PASSWORD:-$REDIS_PASSWORD}"
}

# While the password rotates: once every pod lets the new one in, show that one, as those that come next let in no
# other. In the background, and no longer than the server runs that takes this shell's place. Passwords go in on
# standard input, and so are on no command line.
show_the_new_one() { # port command...: each with %s where the password goes
    [ -n "${REDIS_PREVIOUS_PASSWORD:-}" ] || return 0
    own_port=$1
    shift
    {
        until all_let_the_new_one_in && change_over "$@"; do
            sleep 2
            kill -0 $$ 2>/dev/null || exit 0
        done
        echo 'Every pod lets the new password in: showing it from now on.'
    } &
}

all_let_the_new_one_in() {
    for host in $PEERS; do
        for port in "$PORT" "$SENTINEL_PORT"; do
            [ "$(redis "$REDIS_PASSWORD" ping 2>/dev/null)" = PONG ] || return 1
        done
    done
}

change_over() {
    host=$LOCAL port=$own_port
    for command in "$@"; do
        # shellcheck disable=SC2059 # the command has the place for the password
        printf "$command\n" "$REDIS_PASSWORD"
    done | redis "$REDIS_PASSWORD" >/dev/null 2>&1
}
