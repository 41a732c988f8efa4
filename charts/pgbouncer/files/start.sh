#!/bin/sh
# Starts PgBouncer, and has it read its users and certificates again when those in its mounts change, which a kubelet
# does within about two minutes of the Secret. Clients keep their connections over it. PgBouncer itself looks at its
# files only when it is told to (changelog of 1.17, "Remove automatic auth_file reload").
mounted() { cat auth/* client-tls/* server-tls/* 2>/dev/null; }
seen=$(mounted)
{
    # No longer than PgBouncer runs, which takes this shell's place.
    while sleep 5 && kill -0 $$ 2>/dev/null; do
        now=$(mounted)
        [ "$now" = "$seen" ] && continue
        seen=$now
        kill -HUP $$
    done
} &
exec pgbouncer config/pgbouncer.ini
