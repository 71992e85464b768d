#!/bin/sh
# form-cluster.sh meet SERVER:PORT ALL:PORT...
# form-cluster.sh form ALL:PORT...
#
# `meet` introduces a server to all servers, itself among them, if it is not connected to all. Servers know each other by their
# addresses: if all of them restart at once with other addresses, they find each other only by this.
# `form` waits for all servers and makes them one cluster, each with an equal share of the slots. Run again, it changes nothing,
# except for a server that has lost its disk: that one gets its slots back.
set -eu
SLOTS=16384
mode=$1
shift

ask() {
  asked=$1
  shift
  valkey-cli -e -h "${asked%:*}" -p "${asked##*:}" "$@"
}

# CLUSTER MEET takes no names.
address_of() {
  getent ahosts "${1%:*}" | { read -r address _ && echo "$address"; }
}

# is_connected SERVER COUNT: to COUNT servers, itself included.
is_connected() {
  [ "$(ask "$1" cluster nodes | grep -c ' connected')" -ge "$2" ]
}

meet() {
  met=$1
  shift
  is_connected "$met" $# && return
  for other; do
    ask "$met" cluster meet "$(address_of "$other")" "${other##*:}" >/dev/null || echo "$met did not meet $other"
  done
}

until_true() {
  until "$@" 2>/dev/null; do sleep 0.2; done
}

answers() {
  ask "$1" ping >/dev/null
}

is_ok() {
  ask "$1" cluster info | grep -q cluster_state:ok
}

# forget_gone SERVER: all servers are up, so one without a connection to it is no longer part of the cluster.
forget_gone() {
  for id in $(ask "$1" cluster nodes | awk '$8 == "disconnected" { print $1 }'); do
    ask "$1" cluster forget "$id" >/dev/null
    echo "$1 has forgotten $id"
  done
}

form() {
  for server; do until_true answers "$server"; done
  meet "$1" "$@"
  for server; do until_true is_connected "$server" $#; done
  for server; do forget_gone "$server"; done
  index=0
  for server; do
    first=$((index * SLOTS / $#))
    index=$((index + 1))
    next=$((index * SLOTS / $#))
    # After the eighth word come the server's slots.
    if ask "$server" cluster nodes | awk '/myself/ && NF > 8 { has = 1 } END { exit !has }'; then
      echo "$server has its slots"
    else
      ask "$server" cluster addslotsrange "$first" "$((next - 1))" >/dev/null
      echo "$server has slots $first to $((next - 1)) now"
    fi
  done
  for server; do until_true is_ok "$server"; done
  echo "all slots are served"
}

"$mode" "$@"
