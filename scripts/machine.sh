#!/usr/bin/env bash
# Installs, on Debian and Ubuntu, what the whole test suite wants of a machine beyond Node's packages:
# PostgreSQL (the server) and bubblewrap (the sandbox). Nothing is installed that is there already.
set -euo pipefail

wanted=()
command -v bwrap >/dev/null || wanted+=(bubblewrap)
command -v git >/dev/null || wanted+=(git)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null || wanted+=(postgresql)

if [ "${#wanted[@]}" -eq 0 ]; then
  echo 'The machine has all that the tests want.'
  exit 0
fi
command -v apt-get >/dev/null || { echo "Please install by hand: ${wanted[*]}" >&2; exit 1; }

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${wanted[@]}"
