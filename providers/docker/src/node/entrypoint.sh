#!/bin/bash
# PID 1 of a node's container until it becomes the node. Its file system is read-only but for /data and /tmp.
# The password of the PoS key comes as one line from standard input, so that it is in no file, no argument and no
# `docker inspect`. A container that nobody hands a password to stops by itself.
set -eu
umask 077
ulimit -c 0
# As many open files as the releases ask for, or what the engine itself has; the node needs 10,000.
files=$(ulimit -Hn)
if [ "$files" = unlimited ] || [ "$files" -gt 65535 ]; then files=65535; fi
ulimit -Sn "$files"
if [ "$files" -lt 10000 ]; then
  echo "pospool: too many open files would be needed: this engine allows $files, and a node needs 10000" >&2
  exit 65
fi
trap 'exit 143' TERM INT
mkdir -p /data/pos_config /data/pos_db /data/log /data/blockchain_data /data/tmp
cd /data
if [ -e .pospool-unfinished ]; then
  echo 'pospool: the data is not whole: a copy or a snapshot did not come to its end; apply it again' >&2
  exit 66
fi
echo 'pospool: waiting for the password of the PoS key'
password=
IFS= read -r -t 300 password || password=
if [ -z "$password" ]; then
  echo 'pospool: no password came; start this node with `pospool apply`' >&2
  exit 64
fi
export CFX_POS_KEY_ENCRYPTION_PASSWORD="$password"
unset password
# A place for what is written outside of the volume's own folders; the volume survives, /tmp does not.
export HOME=/data TMPDIR=/data/tmp
: > /tmp/pospool-started
echo 'pospool: password received, starting the node'
trap - TERM INT
exec /opt/conflux/conflux --config /etc/conflux/conflux.toml < /dev/null
