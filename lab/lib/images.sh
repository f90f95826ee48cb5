# shellcheck shell=bash
# The images that the lab's registry serves, made on the main engine. Sourced.

dock() { docker --host "$(engine_host main)" "$@"; }

# have_image NAME TAG KEY: the registry has the image, made from these inputs.
have_image() {
  [[ -f $(artifact_path "image-${1//\//-}-$2" "$3")/digest ]] || return 1
  [[ $(digest_of "$1" "$2") == "$(cat "$(artifact_path "image-${1//\//-}-$2" "$3")/digest")" ]]
}

# image NAME TAG KEY COMMAND…: COMMAND makes the local image `NAME:TAG`; it is pushed and then taken away, so that
# whoever needs it pulls it.
image() {
  local name=$1 tag=$2 key=$3
  shift 3
  have_image "$name" "$tag" "$key" && return
  rm -rf "$(artifact_path "image-${name//\//-}-$tag" "$key")"
  artifact "image-${name//\//-}-$tag" "$key" make_and_push "$name" "$tag" "$@" > /dev/null
}

make_and_push() {
  local name=$1 tag=$2 to=${*: -1}
  shift 2
  "${@:1:$#-1}" "$name:$tag"
  dock tag "$name:$tag" "$lab_registry/$name:$tag"
  dock push --quiet "$lab_registry/$name:$tag"
  dock rmi --force "$lab_registry/$name:$tag" "$name:$tag" > /dev/null
  digest_of "$name" "$tag" > "$to/digest"
  [[ -s $to/digest ]] || die "the lab's registry does not have $name:$tag after the push"
}

# import_tree FOLDER IMAGE CHANGE…: an image of one layer.
import_tree() {
  local tree=$1 name=$2 change changes=()
  shift 2
  for change in "$@"; do changes+=(--change "$change"); done
  tar --create --numeric-owner --directory "$tree" . | dock import "${changes[@]}" - "$name" > /dev/null
}

make_registry_image() {
  local registry=$1 name=$2 tree
  tree=$(mktemp -d)
  mkdir -p "$tree"/{bin,etc/distribution,var/lib/registry,tmp}
  cp "$registry" "$tree/bin/registry"
  cat > "$tree/etc/distribution/config.yml" << 'YAML'
version: 0.1
log: {fields: {service: registry}}
storage:
  cache: {blobdescriptor: inmemory}
  filesystem: {rootdirectory: /var/lib/registry}
  delete: {enabled: true}
http:
  addr: :5000
  headers: {X-Content-Type-Options: [nosniff]}
YAML
  import_tree "$tree" "$name" 'ENTRYPOINT ["/bin/registry"]' 'CMD ["serve", "/etc/distribution/config.yml"]' \
    'VOLUME /var/lib/registry' 'EXPOSE 5000'
  rm -rf "$tree"
}

make_busybox_image() {
  local rootfs=$1 name=$2 tree applet
  tree=$(mktemp -d)
  mkdir -p "$tree"/{usr/bin,etc,tmp,root,home}
  chmod 1777 "$tree/tmp"
  ln -s usr/bin "$tree/bin"
  # Not the static one: glibc looks up host names by libraries that it loads, and crashes where they are not its own.
  copy_program "$rootfs" /usr/bin/busybox "$tree"
  for applet in $(chroot "$rootfs" busybox --list); do
    [[ $applet == busybox ]] || ln -s busybox "$tree/usr/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\n' > "$tree/etc/passwd"
  printf 'root:x:0:\n' > "$tree/etc/group"
  import_tree "$tree" "$name" 'ENV PATH=/bin' 'CMD ["sh"]'
  rm -rf "$tree"
}

make_buildkit_image() {
  local buildkit=$1 runc=$2 name=$3 tree
  tree=$(mktemp -d)
  mkdir -p "$tree"/{usr/bin,etc/buildkit,etc/ssl/certs,tmp,run,var/lib/buildkit}
  cp "$buildkit"/{buildkitd,buildctl} "$tree/usr/bin/"
  cp "$runc" "$tree/usr/bin/buildkit-runc"
  # buildx looks into the container with a shell's few tools.
  copy_program "$4" /usr/bin/busybox "$tree"
  local applet
  for applet in sh cat ls mkdir cp rm uname; do ln -s busybox "$tree/usr/bin/$applet"; done
  ln -s usr/bin "$tree/bin"
  import_tree "$tree" "$name" 'ENV PATH=/usr/bin' 'ENTRYPOINT ["buildkitd"]' 'VOLUME /var/lib/buildkit'
  rm -rf "$tree"
}

# Names as `kubeadm config images list` has them for each version.
etcd_tag() { case $1 in 1.36.*) echo 3.6.8-0 ;; *) echo 3.6.5-0 ;; esac; }
coredns_tag() { case $1 in 1.36.*) echo v1.14.2 ;; *) echo v1.12.1 ;; esac; }
pause_tag() { case $1 in 1.36.*) echo 3.10.2 ;; *) echo 3.10.1 ;; esac; }

# make_node_image VERSION KUBERNETES RUNTIME ROOTFS IMAGE
make_node_image() {
  local version=$1 kubernetes=$2 runtime=$3 rootfs=$4 name=$5 tree images container
  tree=$(mktemp -d)
  cp --archive "$rootfs/root/." "$tree"
  furnish_node "$tree" "$version" "$kubernetes" "$runtime"
  import_tree "$tree" lab/node-base 'ENV container=docker' 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'
  make_control_plane_images "$version" "$kubernetes" "$tree"
  mapfile -t images < <(control_plane_images "$version")
  # The container's stop signal becomes the image's: an image of `docker import` cannot name one.
  container=$(dock run --detach --privileged --stop-signal SIGRTMIN+3 --entrypoint /usr/local/bin/containerd lab/node-base)
  await "containerd in the node image" 30 dock exec "$container" ctr version
  dock save "${images[@]}" | dock exec --interactive "$container" ctr --namespace k8s.io images import \
    --label=io.cri-containerd.pinned=pinned --all-platforms --no-unpack --digests - > /dev/null
  dock kill --signal TERM "$container" > /dev/null
  dock wait "$container" > /dev/null
  dock commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' "$container" "$name" > /dev/null
  dock rm --force --volumes "$container" > /dev/null
  dock rmi --force "${images[@]}" lab/kube-base lab/node-base > /dev/null
  rm -rf "$tree"
}

control_plane_images() {
  local program
  for program in apiserver controller-manager scheduler proxy; do echo "registry.k8s.io/kube-$program:v$1"; done
  echo "registry.k8s.io/etcd:$(etcd_tag "$1")"
  echo "registry.k8s.io/coredns/coredns:$(coredns_tag "$1")"
  echo "registry.k8s.io/pause:$(pause_tag "$1")"
}

# One base holds the one binary, so that it is stored and unpacked once; each image adds a link by its name.
make_control_plane_images() {
  local version=$1 kubernetes=$2 rootfs=$3 base work program
  base=$(mktemp -d)
  mkdir -p "$base"/{usr/local/bin,usr/bin,usr/sbin,tmp,etc}
  ln -s usr/bin "$base/bin"
  ln -s usr/sbin "$base/sbin"
  cp "$kubernetes/kube" "$base/usr/local/bin/kube"
  proxy_programs "$base" "$rootfs"
  import_tree "$base" lab/kube-base 'ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  rm -rf "$base"
  work=$(mktemp -d)
  printf 'FROM lab/kube-base\nCOPY tree/ /\n' > "$work/Dockerfile"
  for program in kube-apiserver kube-controller-manager kube-scheduler kube-proxy etcd; do
    mkdir -p "$work/tree/usr/local/bin"
    ln -s kube "$work/tree/usr/local/bin/$program"
    # Quiet: this Docker has no other builder, and each build would say that it is deprecated.
    DOCKER_BUILDKIT=0 dock build --quiet --tag "$(control_plane_images "$version" | grep "/$program:")" "$work" > /dev/null 2> "$work.log" \
      || { cat "$work.log" >&2; die "building the image of $program failed"; }
    rm -rf "$work/tree"
  done
  rm -rf "$work" "$work.log"
  one_program_image "$kubernetes/coredns" coredns "registry.k8s.io/coredns/coredns:$(coredns_tag "$version")"
  work=$(mktemp -d)
  gcc -Os -static -o "$work/pause" "$lab_root/pause/pause.c"
  one_program_image "$work/pause" pause "registry.k8s.io/pause:$(pause_tag "$version")"
  rm -rf "$work"
}

one_program_image() {
  local tree
  tree=$(mktemp -d)
  cp "$1" "$tree/$2"
  import_tree "$tree" "$3" "ENTRYPOINT [\"/$2\"]"
  rm -rf "$tree"
}

# copy_program ROOTFS PROGRAM TREE: a program with the libraries that it names, from a Debian into a bare tree.
copy_program() {
  local rootfs=$1 program=$2 tree=$3
  mkdir -p "$tree${program%/*}"
  cp "$rootfs$program" "$tree$program"
  copy_libraries "$rootfs" "$program" "$tree"
}

# copy_libraries ROOTFS PROGRAM TREE: those that a program, or another library, names.
copy_libraries() {
  local rootfs=$1 program=$2 tree=$3 library folder
  for library in $(chroot "$rootfs" ldd "$program" | grep -o '/[^ ]*\.so[^ ]*'); do
    # /lib is a link to /usr/lib there, and here.
    [[ $library == /usr/* ]] || library=/usr$library
    mkdir -p "$tree${library%/*}"
    cp --dereference "$rootfs$library" "$tree$library"
  done
  for folder in lib lib64; do
    [[ ! -d $tree/usr/$folder || -e $tree/$folder ]] || ln -s "usr/$folder" "$tree/$folder"
  done
}

# kube-proxy calls these; from the node's Debian, with the libraries that they name.
proxy_programs() {
  local base=$1 rootfs=$2 program extension
  local programs=(/usr/bin/dash /usr/sbin/nft /usr/sbin/conntrack /usr/bin/kmod /usr/sbin/xtables-nft-multi /usr/sbin/xtables-legacy-multi)
  for program in "${programs[@]}"; do copy_program "$rootfs" "$program" "$base"; done
  mkdir -p "$base/usr/lib/$(uname -m)-linux-gnu"
  cp --archive "$rootfs"/usr/lib/*/xtables "$base/usr/lib/$(uname -m)-linux-gnu/"
  # iptables loads these by name, and they name libraries of their own (statistic: libm).
  for extension in "$rootfs"/usr/lib/*/xtables/*.so; do copy_libraries "$rootfs" "${extension#"$rootfs"}" "$base"; done
  ln -s dash "$base/usr/bin/sh"
  ln -s kmod "$base/usr/bin/modprobe"
  local link
  for link in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    ln -s xtables-nft-multi "$base/usr/sbin/$link"
  done
}

furnish_node() {
  local tree=$1 version=$2 kubernetes=$3 runtime=$4 program unit
  install -m 755 "$kubernetes/kube" "$tree/usr/local/bin/kube"
  for program in kubelet kubeadm kubectl; do ln -s kube "$tree/usr/local/bin/$program"; done
  install -m 755 "$runtime"/{containerd,containerd-shim-runc-v2,ctr,runc} "$tree/usr/local/bin/"
  install -d "$tree/opt/cni/bin" "$tree/etc/containerd/certs.d" "$tree/kind/manifests" "$tree/etc/cni/net.d"
  install -m 755 "$runtime"/cni/* "$tree/opt/cni/bin/"
  install -m 755 "$lab_root"/node/{entrypoint,pod-network,crictl} "$tree/usr/local/bin/"
  install -m 644 "$lab_root"/node/{containerd,kubelet,pod-network}.service "$tree/etc/systemd/system/"
  sed "s/@PAUSE@/$(pause_tag "$version")/" "$lab_root/node/containerd.toml" > "$tree/etc/containerd/config.toml"
  install -m 644 "$lab_root"/node/default-{cni,storage}.yaml "$tree/kind/manifests/"
  printf 'v%s' "$version" > "$tree/kind/version"
  ln -sf /lib/systemd/systemd "$tree/usr/sbin/init"
  for unit in containerd kubelet pod-network; do
    ln -sf "/etc/systemd/system/$unit.service" "$tree/etc/systemd/system/multi-user.target.wants/$unit.service"
  done
  # What a container has no use for, or may not touch.
  for unit in systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-logind.service \
    getty.target console-getty.service dev-hugepages.mount sys-fs-fuse-connections.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount systemd-tmpfiles-clean.timer apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer; do
    ln -sf /dev/null "$tree/etc/systemd/system/$unit"
  done
  printf '[Journal]\nStorage=volatile\nForwardToConsole=no\n' > "$tree/etc/systemd/journald.conf"
}
