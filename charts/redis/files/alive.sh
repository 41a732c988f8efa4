#!/bin/sh
# Alive: it answers, even if only that it is still reading its data. Which port is the argument.
. "$CONFIG/common.sh"
case $(ask "$LOCAL" "$1" ping) in
PONG* | LOADING* | MASTERDOWN*) exit 0 ;;
*) exit 1 ;;
esac
