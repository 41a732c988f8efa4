#!/bin/sh
# Before Redis is told to end. A master stops writes, lets a replica catch up and has it take over, so that nothing that
# was acknowledged is lost; a replica just goes.
set -u
. "$CONFIG/common.sh"
role() { cli "$LOCAL" "$PORT" info replication | field role; }
[ "$(role)" = master ] || exit 0
end=$(($(date +%s) + HANDOVER_SECONDS))
cli "$LOCAL" "$PORT" client pause $((HANDOVER_SECONDS * 1000)) write
asked=no
while [ "$(date +%s)" -lt "$end" ]; do
    if [ "$asked" = no ]; then
        offset=$(cli "$LOCAL" "$PORT" info replication | field master_repl_offset)
        if cli "$LOCAL" "$PORT" info replication | tr -d '\r' | grep -q "^slave.*,offset=$offset,"; then
            for peer in $PEERS; do
                [ "$peer" = "$SELF" ] && continue
                # The sentinel beside this one is ending as well.
                [ "$(cli "$peer" "$SENTINEL_PORT" sentinel failover "$MASTER_NAME")" = OK ] && asked=yes && break
            done
        fi
    fi
    # Writes stay paused here: who still waits for one has no answer, and asks the new master once this one is gone.
    [ "$asked" = yes ] && ask_sentinels | grep -qvFx "$SELF" && exit 0
    sleep 0.2
done
# Nobody could take over: better to go with everything on disk than to refuse writes for longer.
cli "$LOCAL" "$PORT" client unpause
exit 0
