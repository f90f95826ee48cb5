# shellcheck shell=bash
# What a fresh machine lacks for script/demo and script/test. Sourced. Expects `root`, the repository's folder.

tell() { printf '%s\n' "$*" >&2; }

fail() {
  tell "$@"
  exit 1
}

on_debian_as_root() { [[ $(id -u) == 0 ]] && command -v apt-get > /dev/null; }

# apt_get_missing PACKAGE…: installs those that are not there.
apt_get_missing() {
  local package missing=() log
  for package in "$@"; do
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return
  tell "installing ${missing[*]} …"
  log=$(mktemp)
  # Docker's package would start a daemon by an init system that may not be there; need_docker starts it.
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > "$log" 2>&1; then
    tail -20 "$log" >&2
    fail "apt-get could not install ${missing[*]}"
  fi
  rm -f "$log"
}

has_node() { command -v node > /dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'; }

# Node 20 or later: the machine's, or npm's package of it in the user's cache.
need_node() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/kind-ci-action/node
  if [[ -d $cache/node_modules/node/bin ]]; then use_node "$cache"; fi
  if has_node; then return; fi
  if ! command -v npm > /dev/null; then
    on_debian_as_root || fail "Node.js 20 or later is needed: https://nodejs.org"
    apt_get_missing nodejs npm
  fi
  if has_node; then return; fi
  tell "fetching Node.js 20 …"
  npm install --loglevel=error --no-audit --no-fund --prefix "$cache" node@20 >&2
  use_node "$cache"
  has_node || fail "Node.js 20 could not be had by npm; install it: https://nodejs.org"
}

# npm's Node knows only the authorities that it brings; Debian's knows the machine's, such as a proxy's.
use_node() {
  local authorities=/etc/ssl/certs/ca-certificates.crt
  PATH=$1/node_modules/node/bin:$PATH
  if [[ -z ${NODE_EXTRA_CA_CERTS-} && -r $authorities ]]; then export NODE_EXTRA_CA_CERTS=$authorities; fi
}

# The packages of package-lock.json, once.
need_packages() {
  if [[ $root/node_modules/.package-lock.json -nt $root/package-lock.json ]]; then return; fi
  tell "installing npm packages …"
  (cd "$root" && npm ci --loglevel=error --no-audit --no-fund) >&2
  touch "$root/node_modules/.package-lock.json"
}

# What the lab is to bring up beyond its usual; see script/lab.
lab_options=()

# A Docker daemon: the one there is; the lab's where Docker Hub cannot be reached; else Debian's, as root.
need_docker() {
  "$root/script/lab" up ${lab_options[@]+"${lab_options[@]}"} # the bash of macOS knows no empty array
  local exports
  exports=$("$root/script/lab" env)
  eval "$exports"
  if docker info > /dev/null 2>&1; then return; fi
  [[ -z ${DOCKER_HOST-} ]] || fail "Docker at $DOCKER_HOST does not answer: $(docker info 2>&1 | tail -1)"
  on_debian_as_root || fail "Docker is needed, and it does not answer: $(docker info 2>&1 | tail -1)"
  apt_get_missing docker.io iptables
  if docker info > /dev/null 2>&1; then return; fi
  tell "starting dockerd …"
  setsid --fork dockerd < /dev/null > /var/log/kind-ci-dockerd.log 2>&1
  local try
  for try in $(seq 120); do
    if docker info > /dev/null 2>&1; then return; fi
    sleep 0.5
  done
  fail "dockerd did not come up in a minute (try $try); see /var/log/kind-ci-dockerd.log"
}

# in_lab VARIABLE: whether what the lab exports as that is up. What was not, the script that brings it up ends.
in_lab() { [[ $("$root/script/lab" env 2> /dev/null) == *" $1="* ]]; }

# The ssh server's program, for tests of Docker over ssh. Nothing may start it: no machine gets a server by running tests.
need_sshd() {
  if [[ -x /usr/sbin/sshd ]] || ! on_debian_as_root; then return; fi
  local policy=/usr/sbin/policy-rc.d
  if [[ -e $policy ]]; then
    apt_get_missing openssh-server
  else
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
    apt_get_missing openssh-server
    rm -f "$policy"
  fi
}
