# shellcheck shell=bash
# shellcheck shell=bash
# What every part of the lab uses: where things are, messages, and how long a step took.

LAB_VERSION=1
LAB_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/kind-ci-action/lab"
LAB_ARTIFACTS="$LAB_CACHE/artifacts"
LAB_LOG_DIR=""

# /run is emptied when the machine starts anew, and so is what these records describe.
if [[ -w /run ]]; then LAB_RUN=/run/kind-ci-lab; else LAB_RUN="${TMPDIR:-/tmp}/kind-ci-lab"; fi
LAB_LOG_DIR="$LAB_RUN/log"

# Layers of images: on a disk, never in the memory that /run may be.
LAB_DATA="${LAB_DATA:-/var/lib/kind-ci-lab}"

say() { printf 'lab: %s\n' "$*" >&2; }

die() {
  printf 'lab: %s\n' "$1" >&2
  shift
  local line
  for line in "$@"; do printf '     %s\n' "$line" >&2; done
  exit 1
}

# timed TEXT COMMAND...: says how long COMMAND took.
timed() {
  local text=$1 began=$SECONDS
  shift
  "$@"
  say "$text: done in $((SECONDS - began)) s"
}

# wait_until SECONDS WHAT LOGFILE COMMAND...: polls, and on expiry shows the last lines of the log.
wait_until() {
  local limit=$1 what=$2 log=$3 deadline
  shift 3
  deadline=$((SECONDS + limit))
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then
      [[ ! -f $log ]] || tail -n 20 "$log" | sed 's/^/     | /' >&2
      die "waited $limit s for $what; it did not answer." "Its log: $log"
    fi
    sleep 0.2
  done
}

# One `up` or `down` at a time: two would wipe each other's engine.
lock_lab() {
  mkdir -p "$LAB_RUN" "$LAB_LOG_DIR"
  exec 9>"$LAB_RUN/lock"
  flock -w 1800 9 || die "another script/lab has held $LAB_RUN/lock for half an hour." \
    "See what it does: fuser -v $LAB_RUN/lock"
}
