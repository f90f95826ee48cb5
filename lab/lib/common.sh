# shellcheck shell=bash
# Words, times, the cache and the run state. Sourced.

lab_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lab_cache=${XDG_CACHE_HOME:-$HOME/.cache}/kind-ci-action/lab
lab_run=${LAB_RUN:-/run/kind-ci-lab}
# Layers of images: on a disk, never in the memory that /run may be.
lab_data=${LAB_DATA:-/var/lib/kind-ci-lab}
# shellcheck source=lab/versions.sh
source "$lab_root/versions.sh"

say() { printf 'lab: %s\n' "$*" >&2; }

die() {
  printf 'lab: %s\n' "$*" >&2
  exit 1
}

# timed WHAT ABOUT COMMAND…: runs a command, saying what it does, about how long that takes, and how long it took.
timed() {
  local what=$1 about=$2 begun=$SECONDS
  shift 2
  say "$what (about $about)"
  "$@"
  say "$what: done in $((SECONDS - begun)) s"
}

# A key for an artifact: a hash of files, folders and words.
key_of() {
  local input
  for input in "$@"; do
    if [[ -d $input ]]; then
      (cd "$input" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
    elif [[ -f $input ]]; then
      sha256sum < "$input"
    else
      printf '%s\n' "$input"
    fi
  done | sha256sum | cut -c1-16
}

artifact_path() { printf '%s/artifacts/%s-%s' "$lab_cache" "$1" "$2"; }

# artifact NAME KEY COMMAND…: the folder of an artifact; where the cache lacks it, COMMAND makes it in the folder
# that it gets as its last argument. It is moved into place when whole, so an interrupted build begins anew
# and leaves nothing half.
artifact() {
  local name=$1 key=$2 path making
  shift 2
  path=$(artifact_path "$name" "$key")
  if [[ ! -d $path ]]; then
    making=$path.making.$$
    rm -rf "$path".making.*
    mkdir -p "$making"
    "$@" "$making" >&2
    mv "$making" "$path"
    # Older ones of the same name are of no use any more.
    find "$lab_cache/artifacts" -maxdepth 1 -type d -name "$name-*" ! -path "$path" -exec rm -rf {} +
  fi
  printf '%s\n' "$path"
}

# The kernel's start time of a process: tells it from a later one with the same number. Empty for none.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2> /dev/null) || return 0
  stat=${stat##*) }
  [[ ${stat%% *} == Z ]] && return 0
  cut -d' ' -f20 <<< "$stat"
}

# begin NAME COMMAND…: starts a daemon that holds none of our files open, and records who it is.
begin() {
  local name=$1 pid
  shift
  mkdir -p "$lab_run"
  # A file that a caller holds open may be a lock, and the daemon outlives the caller.
  # shellcheck disable=SC2016 # expanded by the shell that it is given to
  setsid --fork bash -c '
    for file in /proc/$$/fd/*; do file=${file##*/}; ((file < 3)) || eval "exec $file>&-"; done
    echo $$ > "$1.pid.new"; shift; exec "$@"' _ "$lab_run/$name" "$@" < /dev/null >> "$lab_run/$name.log" 2>&1
  until [[ -s $lab_run/$name.pid.new ]]; do sleep 0.02; done
  pid=$(cat "$lab_run/$name.pid.new")
  printf '%s %s\n' "$pid" "$(start_time "$pid")" > "$lab_run/$name.pid"
  rm -f "$lab_run/$name.pid.new"
}

# True while the very process lives that was recorded.
alive() {
  local pid started
  read -r pid started 2> /dev/null < "$lab_run/$1.pid" || return 1
  [[ -n $started && $(start_time "$pid") == "$started" ]]
}

# finish NAME [SECONDS]: ends a daemon, in good order if it does so within that time.
finish() {
  local name=$1 patience=${2:-10} pid end
  if alive "$name"; then
    read -r pid _ < "$lab_run/$name.pid"
    kill -TERM "$pid" 2> /dev/null || true
    end=$((SECONDS + patience))
    while alive "$name" && ((SECONDS < end)); do sleep 0.1; done
    if alive "$name"; then kill -KILL "$pid" 2> /dev/null || true; fi
    while alive "$name"; do sleep 0.05; done
  fi
  rm -f "$lab_run/$name.pid"
}

# await WHAT SECONDS COMMAND…: until the command succeeds.
await() {
  local what=$1 end=$((SECONDS + $2))
  shift 2
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < end)) || die "$what did not come up in time"
    sleep 0.1
  done
}

# await_daemon NAME WHAT SECONDS COMMAND…: until the command succeeds, while what `begin` started lives.
await_daemon() {
  local name=$1 what=$2 end=$((SECONDS + $3)) trouble=''
  shift 3
  until "$@" > /dev/null 2>&1; do
    if ! alive "$name"; then trouble='ended as soon as it was started'; fi
    if ((SECONDS >= end)); then trouble='did not come up in time'; fi
    if [[ -n $trouble ]]; then
      # Whoever brought the lab up takes it down next, and its logs with it.
      tail -n 5 "$lab_run/$name.log" >&2
      die "$what $trouble; its last words are above"
    fi
    sleep 0.1
  done
}
