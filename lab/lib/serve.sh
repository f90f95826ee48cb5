# shellcheck shell=bash
# What a user's machine would reach on the internet, served on loopback: a registry and a download mirror. Sourced.

lab_registry_port=${LAB_REGISTRY_PORT:-5790}
lab_mirror_port=${LAB_MIRROR_PORT:-5791}
lab_registry=127.0.0.1:$lab_registry_port
lab_mirror=http://127.0.0.1:$lab_mirror_port
lab_mirror_log=$lab_run/mirror-requests.log

# The name of what is served to an engine, for begin and finish.
served() { if [[ $2 == main ]]; then echo "$1"; else echo "$1-$2"; fi; }

# registry_up PROGRAM ENGINE: on the loopback of the engine's network; one store for all.
registry_up() {
  local program=$1 engine=$2 name
  name=$(served registry "$engine")
  alive "$name" && return
  mkdir -p "$lab_cache/registry" "$lab_run"
  cat > "$lab_run/registry.yml" << YAML
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: $lab_cache/registry}
  delete: {enabled: true}
http: {addr: "$lab_registry"}
YAML
  begin "$name" nsenter --net="$(engine_network "$engine")" \
    env OTEL_TRACES_EXPORTER=none "$program" serve "$lab_run/registry.yml"
  await_daemon "$name" "the lab's registry" 20 within "$engine" curl --silent --fail "http://$lab_registry/v2/"
}

# The digest of an image in the lab's registry; empty where it has none.
digest_of() {
  local name=$1 tag=$2
  curl --silent --fail --head "http://$lab_registry/v2/$name/manifests/$tag" \
    --header 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    --header 'Accept: application/vnd.oci.image.manifest.v1+json' \
    --header 'Accept: application/vnd.oci.image.index.v1+json' 2> /dev/null \
    | tr -d '\r' | awk 'tolower($1) == "docker-content-digest:" {print $2}'
}

# mirror_up ENGINE: on the loopback of the engine's network; one folder and one log for all.
mirror_up() {
  local engine=$1 name
  name=$(served mirror "$engine")
  alive "$name" && return
  mkdir -p "$lab_cache/mirror"
  touch "$lab_mirror_log"
  begin "$name" nsenter --net="$(engine_network "$engine")" \
    "$(command -v node)" "$lab_root/mirror/server.mjs" "$lab_cache/mirror" "$lab_mirror_port" "$lab_mirror_log"
  await_daemon "$name" "the lab's mirror" 20 within "$engine" curl --silent --output /dev/null "$lab_mirror/"
}

# put FILE PATH: a copy in the mirror, replaced as a whole.
put() {
  mkdir -p "$(dirname "$lab_cache/mirror/$2")"
  cmp --silent "$1" "$lab_cache/mirror/$2" && return
  cp "$1" "$lab_cache/mirror/$2.new"
  mv "$lab_cache/mirror/$2.new" "$lab_cache/mirror/$2"
}

put_text() {
  local file
  file=$(mktemp)
  cat > "$file"
  put "$file" "$1"
  rm -f "$file"
}

# fill_mirror KIND_FOLDER VERSION=KUBECTL… : binaries, their sums and the release notes, at the official paths.
fill_mirror() {
  local kind=$1/kind arch release pair
  shift
  arch=$(dpkg --print-architecture)
  release=github.com/kubernetes-sigs/kind/releases/download/v$lab_kind
  put "$kind" "$release/kind-linux-$arch"
  printf '%s  kind-linux-%s\n' "$(sha256sum < "$kind" | cut -d' ' -f1)" "$arch" | put_text "$release/kind-linux-$arch.sha256sum"
  for pair in "$@"; do put_kubectl "${pair%%=*}" "${pair#*=}" "$arch"; done
  printf 'v%s' "$lab_kubernetes" | put_text dl.k8s.io/release/stable.txt
  release_notes "$@" | put_text "api.github.com/repos/kubernetes-sigs/kind/releases/tags/v$lab_kind"
}

put_kubectl() {
  local version=$1 program=$2 path=dl.k8s.io/release/v$1/bin/linux/$3/kubectl
  put "$program" "$path"
  printf '%s' "$(sha256sum < "$program" | cut -d' ' -f1)" | put_text "$path.sha256"
  printf 'v%s' "$version" | put_text "dl.k8s.io/release/stable-${version%.*}.txt"
}

# As GitHub's API has them: the body names each node image by digest, the default one first.
release_notes() {
  local body pair version
  body=$'This release is the lab\'s own build.\r\n\r\nImages pre-built for this release:\r\n'
  for pair in "$@"; do
    version=${pair%%=*}
    body+="- v$version: \`kindest/node:v$version@$(digest_of kindest/node "v$version")\`"$'\r\n'
  done
  jq --null-input --arg tag "v$lab_kind" --arg body "$body" '{tag_name: $tag, name: $tag, draft: false, prerelease: false, body: $body}'
}
