# shellcheck shell=bash
# shellcheck shell=bash
# shellcheck disable=SC2034 # read by the other files
# Every version the lab is made of. All are served by Debian, the Go module proxy, npm or PyPI.

KIND_VERSION=v0.33.0
ACT_VERSION=v0.2.89
CRANE_VERSION=v0.21.9
BUILDX_VERSION=v0.38.2
BUILDKIT_VERSION=v0.34.2
DOCKER29_VERSION=29.9.3
CONTAINERD_VERSION=2.2.3
DEBIAN_RELEASE=bookworm
GO_MINIMUM=1.26
NODE_MINIMUM=20

DEFAULT_MINOR=1.34
KNOWN_MINORS=(1.34 1.36)

# kubernetes_version MINOR, and the names by which that version's kubeadm calls its images.
kubernetes_version() {
  case $1 in
    1.34) echo 1.34.4 ;;
    1.36) echo 1.36.3 ;;
    *) die "Kubernetes $1 is not one the lab can build." "It builds: ${KNOWN_MINORS[*]}" ;;
  esac
}
etcd_tag() { case $1 in 1.34) echo 3.6.5-0 ;; 1.36) echo 3.6.8-0 ;; esac }
coredns_tag() { case $1 in 1.34) echo v1.12.1 ;; 1.36) echo v1.14.2 ;; esac }
pause_tag() { case $1 in 1.34) echo 3.10.1 ;; 1.36) echo 3.10.2 ;; esac }
