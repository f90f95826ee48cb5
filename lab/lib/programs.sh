# shellcheck shell=bash
# The programs that are compiled here. Each function makes an artifact's content in the folder it gets. Sourced.

export GOTOOLCHAIN=local GOFLAGS=-mod=mod

# What kubeadm reads of its own version; without these it refuses.
version_flags() {
  local version=$1 package flags="-s -w"
  local minor=${version#*.}
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=v$version -X $package.gitMajor=${version%%.*}"
    flags+=" -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
  done
  printf '%s' "$flags"
}

# build_kubernetes VERSION FOLDER
build_kubernetes() {
  local version=$1 to=$2 work
  work=$(mktemp -d)
  cp -r "$lab_root/kubernetes/cmd" "$lab_root/kubernetes/$version/go.mod" "$lab_root/kubernetes/$version/go.sum" "$work"
  (cd "$work" && CGO_ENABLED=0 go build -trimpath -ldflags "$(version_flags "$version")" -o "$to/" \
    ./cmd/kube ./cmd/kubectl ./cmd/coredns)
  rm -rf "$work"
}

build_runtime() {
  local to=$1
  cd "$lab_root/runtime"
  CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -tags 'no_btrfs no_devmapper no_zfs no_aufs' -o "$to/" \
    github.com/containerd/containerd/v2/cmd/containerd \
    github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2 \
    github.com/containerd/containerd/v2/cmd/ctr
  mkdir "$to/cni"
  CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$to/cni/" \
    github.com/containernetworking/plugins/plugins/ipam/host-local \
    github.com/containernetworking/plugins/plugins/main/loopback \
    github.com/containernetworking/plugins/plugins/main/ptp \
    github.com/containernetworking/plugins/plugins/meta/portmap
  # Static, so that it runs in an image without libraries as well.
  CGO_ENABLED=1 go build -trimpath -tags 'seccomp netgo osusergo' -ldflags '-s -w -extldflags -static' -o "$to/" \
    github.com/opencontainers/runc
  cd - > /dev/null
}

build_registry() {
  (cd "$lab_root/registry" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$1/registry" .)
}

# Distribution 2.8, out of Debian's package without installing it: that would start a registry on port 5000.
unpack_registry2() {
  local get="apt-get -qq -o APT::Sandbox::User= download docker-registry"
  (cd "$1" && { $get || { refresh_package_lists && $get; }; }) \
    || die "Debian's package docker-registry could not be had"
  dpkg-deb --extract "$1"/docker-registry_*.deb "$1/package"
  mv "$1/package/usr/bin/docker-registry" "$1/registry"
  rm -rf "$1"/package "$1"/docker-registry_*.deb
}

install_go() { (cd / && GOBIN=$1 GOFLAGS='' CGO_ENABLED=0 go install -trimpath -ldflags "-s -w ${3-}" "$2"); }

build_kind() { install_go "$1" "sigs.k8s.io/kind@v$lab_kind"; }

build_test_programs() {
  install_go "$1" "github.com/google/go-containerregistry/cmd/crane@$lab_crane"
  install_go "$1" "github.com/nektos/act@$lab_act"
  install_go "$1" "github.com/docker/buildx/cmd/buildx@$lab_buildx" "-X github.com/docker/buildx/version.Version=$lab_buildx"
  mv "$1/buildx" "$1/docker-buildx"
}

# In a module of ours: its own go.mod excludes versions, so `go install` refuses it.
build_buildkit() {
  (cd "$lab_root/buildkit" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$1/" \
    github.com/moby/buildkit/cmd/buildkitd github.com/moby/buildkit/cmd/buildctl)
}

build_docker29() {
  local version="-X github.com/moby/moby/v2/dockerversion.Version=$lab_docker29"
  (cd "$lab_root/docker29" && CGO_ENABLED=1 go build -trimpath -ldflags "-s -w $version" -o "$1/" \
    github.com/moby/moby/v2/cmd/dockerd github.com/moby/moby/v2/cmd/docker-proxy)
}

# A Debian that systemd boots, with what a node needs.
build_rootfs() {
  local packages=systemd,systemd-sysv,dbus,conntrack,iptables,nftables,iproute2,ethtool,mount,kmod,util-linux
  packages+=,libseccomp2,pigz,bash,ca-certificates,curl,jq,procps,ebtables,busybox
  local tree
  tree=$(mktemp -d)
  debootstrap --variant=minbase --include="$packages" "$lab_suite" "$tree" > "$lab_cache/debootstrap.log" 2>&1 \
    || { tail -20 "$lab_cache/debootstrap.log" >&2; die "debootstrap failed"; }
  rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/* "$tree"/usr/share/{doc,man,locale}/*
  mv "$tree" "$1/root"
  chmod 755 "$1/root"
}
