# shellcheck shell=bash
# Docker engines of the lab's own: the main one (Debian's) and, on request, a current one. Sourced.
#
# The main one is in this machine's network. Any other has a network namespace of its own, as on a machine of its own:
# two engines in one namespace delete each other's packet filter chains (29 drops DOCKER-ISOLATION-STAGE-1 with a network).
#
# An engine's state is never used again by a later engine: its processes may have been killed at any point, and
# what that leaves (mounts, half-made networks, containers that restart) is where flaky tests come from. The
# images come again from the lab's registry in seconds.

engine_root() { printf '%s/engines/%s' "$lab_data" "$1"; }
engine_socket() { printf '%s/%s.sock' "$lab_run" "$1"; }
engine_host() { printf 'unix://%s' "$(engine_socket "$1")"; }
engine_bridge() { if [[ $1 == main ]]; then echo labbr0; else echo labbr1; fi; }
# Address pools that do not meet each other: no address of one engine's may answer for another's.
engine_pool() { if [[ $1 == main ]]; then echo 172.30; else echo 172.31; fi; }

# What nsenter calls the engine's network.
engine_network() { if [[ $1 == main ]]; then echo /proc/self/ns/net; else printf '/run/netns/kind-ci-lab-%s' "$1"; fi; }
within() { nsenter --net="$(engine_network "$1")" "${@:2}"; }

# engine_up NAME DOCKERD [PATH_PREFIX]
engine_up() {
  local name=$1 program=$2 prefix=${3-}
  if alive "engine-$name" && engine_answers "$name"; then return; fi
  forget_engine "$name"
  local root bridge pool
  root=$(engine_root "$name")
  bridge=$(engine_bridge "$name")
  pool=$(engine_pool "$name")
  mkdir -p "$root"
  make_network "$name"
  make_bridge "$name" "$bridge" "$pool.0.1/17"
  local arguments=(
    --host "$(engine_host "$name")" --data-root "$root/data" --exec-root "$root/exec" --pidfile "$root/pid"
    --bridge "$bridge" --default-address-pool "base=$pool.128.0/17,size=24"
    --registry-mirror "http://127.0.0.1:$lab_registry_port"
  )
  if lacks_capability; then arguments+=(--add-runtime "lab=$(runtime_wrapper "$prefix")" --default-runtime lab); fi
  begin "engine-$name" nsenter --net="$(engine_network "$name")" \
    env PATH="${prefix:+$prefix:}$PATH" "$program" "${arguments[@]}"
  await_daemon "engine-$name" "the Docker engine $name" 90 engine_answers "$name"
}

engine_answers() { docker --host "$(engine_host "$1")" info --format '{{.ServerVersion}}' > /dev/null 2>&1; }

# Somebody's own Docker would lose its packet filter chains to ours, and with them its published ports, until it is restarted.
refuse_beside_another_engine() {
  local process pid
  [[ ${LAB_BESIDE_DOCKER-} != 1 ]] || return 0
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    [[ $(cat "$process/comm" 2> /dev/null) == dockerd ]] || continue
    [[ $(readlink "$process/ns/net" 2> /dev/null) == "$(readlink /proc/self/ns/net)" ]] || continue
    if grep --quiet --fixed-strings --text "$lab_data/" "$process/cmdline" 2> /dev/null; then continue; fi
    die "a Docker engine is running here (process $pid), and two in one network delete each other's packet filter rules." \
      "Stop it while the lab is up (systemctl stop docker.socket docker); LAB_BESIDE_DOCKER=1 starts the lab all the same"
  done
}

# A namespace from which no traffic goes anywhere.
make_network() {
  [[ $1 != main ]] || return 0
  ip netns add "$(basename "$(engine_network "$1")")"
  within "$1" ip link set lo up
}

make_bridge() {
  local name=$1 bridge=$2 address=$3
  within "$name" ip link show "$bridge" > /dev/null 2>&1 && within "$name" ip link delete "$bridge"
  within "$name" ip link add "$bridge" type bridge
  within "$name" ip address add "$address" dev "$bridge"
  within "$name" ip link set "$bridge" up
}

# Some machines withhold CAP_SYS_RESOURCE (bit 24), and --privileged asks for all capabilities.
lacks_capability() {
  local bound
  bound=$(awk '/^CapBnd/ {print $2}' /proc/self/status)
  (((16#$bound >> 24 & 1) == 0))
}

# An OCI runtime that asks for no capability that the machine withholds, then is the real one.
runtime_wrapper() {
  local prefix=$1 runc wrapper
  runc=$(PATH="${prefix:+$prefix:}$PATH" command -v runc) || die "there is no runc"
  wrapper=$lab_run/runtime-$(key_of "$runc")
  sed "s#@RUNC@#$runc#" "$lab_root/runtime-wrapper.sh" > "$wrapper.new"
  chmod +x "$wrapper.new"
  mv "$wrapper.new" "$wrapper"
  printf '%s\n' "$wrapper"
}

# engine_down NAME: containers first, then the engine, then all that it leaves.
engine_down() {
  local name=$1 containers
  if alive "engine-$name" && engine_answers "$name"; then
    containers=$(docker --host "$(engine_host "$name")" ps --all --quiet)
    # shellcheck disable=SC2086 # a list of ids
    [[ -z $containers ]] || timeout 60 docker --host "$(engine_host "$name")" rm --force --volumes $containers > /dev/null 2>&1 || true
  fi
  finish "engine-$name" 20
  forget_engine "$name"
}

# Ends and deletes what an engine left, in whatever state it was killed.
forget_engine() {
  local name=$1 root
  root=$(engine_root "$name")
  rm -f "$lab_run/engine-$name.pid" "$(engine_socket "$name")"
  end_processes_below "$root"
  unmount_below "$root"
  rm -rf "$root"
  if [[ $name == main ]]; then delete_interfaces "$(engine_bridge main)" "$(engine_pool main)"; else delete_network "$name"; fi
}

# With the namespace go its interfaces and rules, and what the lab serves in it.
delete_network() {
  finish "$(served registry "$1")"
  finish "$(served mirror "$1")"
  if [[ -e $(engine_network "$1") ]]; then ip netns delete "$(basename "$(engine_network "$1")")"; fi
}

# Processes that name the engine's folders (containerd, shims, docker-proxy come with such arguments), and
# those that are rooted in one of its mounts (containers).
end_processes_below() {
  local root=$1 round pid pids
  for round in 1 2 3 4 5; do
    pids=()
    for pid in /proc/[0-9]*; do
      pid=${pid#/proc/}
      [[ $pid != "$$" && $pid != "$BASHPID" ]] || continue
      if grep --quiet --fixed-strings --text "$root/" "/proc/$pid/cmdline" 2> /dev/null \
        || grep --quiet --fixed-strings "$root/data/" "/proc/$pid/mountinfo" 2> /dev/null && [[ $(readlink "/proc/$pid/ns/mnt" 2> /dev/null) != "$(readlink /proc/self/ns/mnt)" ]]; then
        pids+=("$pid")
      fi
    done
    ((${#pids[@]} == 0)) && return
    thaw_all
    kill -KILL "${pids[@]}" 2> /dev/null || true
    sleep 0.2
  done
  say "processes of the old engine $root did not end: ${pids[*]} (round $round)"
}

# A process in a frozen cgroup does not take its SIGKILL before it is thawed.
thaw_all() {
  local state
  while IFS= read -r state; do
    [[ $(cat "$state" 2> /dev/null) == THAWED ]] || echo THAWED > "$state" 2> /dev/null || true
  done < <(find /sys/fs/cgroup/freezer -name freezer.state 2> /dev/null)
}

unmount_below() {
  local target
  # The deepest first. Lazily: something may still hold one.
  awk -v root="$1/" 'index($5, root) == 1 {print $5}' /proc/self/mountinfo | sort --reverse | while IFS= read -r target; do
    umount --lazy "$target" 2> /dev/null || true
  done
}

# The engine's own bridge and those of its networks, told by their addresses; and the rules that name them.
delete_interfaces() {
  local bridge=$1 pool=$2 link
  for link in $(ip --oneline -4 address show | awk -v pool="$pool." 'index($4, pool) == 1 {print $2}') "$bridge"; do
    drop_rules_naming "$link"
    ip link delete "$link" 2> /dev/null || true
  done
}

drop_rules_naming() {
  local table rule
  for table in filter nat raw; do
    while IFS= read -r rule; do
      # shellcheck disable=SC2086 # words of a rule; iptables-save quotes none that Docker writes here
      iptables --table "$table" $rule 2> /dev/null || true
    done < <(iptables-save --table "$table" 2> /dev/null | awk -v name="$1" '/^-A/ && index($0, name) {sub(/^-A/, "-D"); print}')
  done
}
