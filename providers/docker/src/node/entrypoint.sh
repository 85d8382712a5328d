#!/bin/bash
# What a node's container starts: the guard. It takes the password of the PoS key from standard input or from a mounted
# file, so that it is in no argument and no `docker inspect`.
umask 077
exec /usr/local/bin/pospool guard
