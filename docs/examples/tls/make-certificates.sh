#!/bin/sh
# make-certificates.sh [folder]
#
# Makes a certificate authority of your own, and its certificates for the agent and for HAProxy: ca.pem, agent.pem with
# agent.key, and haproxy.pem, which has certificate and key in one file, as HAProxy wants them. Needs openssl 1.1.1 or later.
# They are valid for a year. Keep ca.key elsewhere, or delete it.
set -eu
folder=${1:-certificates}
mkdir -p "$folder"
cd "$folder"
umask 077

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
  -subj '/CN=SPOP agents' -keyout ca.key -out ca.pem 2>/dev/null

# sign NAME SUBJECT-ALTERNATIVE-NAME EXTENDED-KEY-USAGE
sign() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' "$2" "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
  rm "$1.csr" "$1.ext"
}
sign agent 'DNS:agent.internal' serverAuth
sign haproxy 'DNS:haproxy.internal' clientAuth
cat haproxy.key >>haproxy.pem
rm haproxy.key
