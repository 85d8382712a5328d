#!/bin/bash
# The guard's program, with the libraries that came with it: for `docker exec CONTAINER pospool guard --report`.
export SSL_CERT_FILE=/pospool/certificates.crt
exec @GUARD@ "$@"
