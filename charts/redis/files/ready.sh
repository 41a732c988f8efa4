#!/bin/sh
# Ready: a master, or a replica that has a master to copy from.
. "$CONFIG/common.sh"
info=$(cli "$LOCAL" "$PORT" info replication)
case $(echo "$info" | field role) in
master) exit 0 ;;
slave) [ "$(echo "$info" | field master_link_status)" = up ] ;;
*) exit 1 ;;
esac
