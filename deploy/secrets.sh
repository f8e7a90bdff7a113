#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml and sms.yml read, each where it is missing: nothing is overwritten.
# What a provider of SMS gives, sms_key, you put beside them.
# The certificate is self-signed: put your own in its place. Keep a copy of master_key in a safe: a
# database cannot be read without it.
set -euo pipefail
umask 077
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p secrets
cd secrets

make_once() {
    local name=$1
    shift
    if [ -s "$name" ]; then return; fi
    "$@" >"$name.part"
    # Compose mounts these files as they are, and the programs in the images are no root.
    chmod 644 "$name.part"
    mv "$name.part" "$name"
    echo "made deploy/secrets/$name"
}

make_once database_password openssl rand -hex 24
make_once app_password openssl rand -hex 24
# The owner migrates; a node works as a role that can neither change the trail nor the tables.
make_once owner_url printf 'postgres://mamacare:%s@postgres/mamacare' "$(cat database_password)"
make_once database_url printf 'postgres://mamacare_app:%s@postgres/mamacare' "$(cat app_password)"
make_once master_key openssl rand -hex 32
make_once africastalking openssl rand -hex 24
make_once json openssl rand -hex 24
make_once sms_receipts openssl rand -hex 24

if [ ! -e tls_key.pem ] && [ ! -e tls_certificate.pem ]; then
    host=${1:-localhost}
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj "/CN=$host" \
        -addext "subjectAltName=DNS:$host" -keyout tls_key.pem -out tls_certificate.pem 2>/dev/null
    echo "made a self-signed certificate for $host: put your own in deploy/secrets/tls_*.pem"
fi
# The folder keeps others out; the files in it are read by the containers.
chmod 700 .
