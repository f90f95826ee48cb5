# shellcheck shell=bash
# shellcheck shell=bash
# Processes that outlive this script, known by their id and the moment they started: ids are given out
# again, so an id alone could name a stranger.

# start_time PID: clock ticks since boot; nothing where there is no such process or it is a zombie.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # The second field is a name that may hold blanks and brackets: count from the last bracket.
  stat=${stat##*) }
  [[ ${stat%% *} != Z ]] || return 0
  awk '{print $20}' <<<"$stat"
}

# start_process NAME COMMAND...: detached, with no file of the caller's left open, so that nobody who
# reads our output waits for it.
start_process() {
  local name=$1 pid
  shift
  setsid -f bash -c 'echo $$ >"$0"; exec "$@"' "$LAB_RUN/$name.starting" "$@" \
    </dev/null >>"$LAB_LOG_DIR/$name.log" 2>&1 9>&-
  until [[ -s $LAB_RUN/$name.starting ]]; do sleep 0.02; done
  pid=$(<"$LAB_RUN/$name.starting")
  rm -f "$LAB_RUN/$name.starting"
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$LAB_RUN/$name.pid"
}

# process_id NAME: the id while it lives, else nothing and 1.
process_id() {
  local pid began
  read -r pid began 2>/dev/null <"$LAB_RUN/$1.pid" || return 1
  [[ -n $began && $(start_time "$pid") == "$began" ]] || return 1
  echo "$pid"
}

is_alive() { process_id "$1" >/dev/null; }

# end_process NAME SECONDS: asks, waits, then insists.
end_process() {
  local name=$1 limit=$2 pid deadline
  deadline=$((SECONDS + limit))
  if pid=$(process_id "$name"); then
    kill -TERM "$pid" 2>/dev/null || true
    while is_alive "$name" && ((SECONDS < deadline)); do sleep 0.1; done
    if is_alive "$name"; then
      kill -KILL "$pid" 2>/dev/null || true
      while is_alive "$name"; do sleep 0.05; done
    fi
  fi
  rm -f "$LAB_RUN/$name.pid"
}

# free_port WISH: the first port from WISH on that nobody listens on.
free_port() {
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}
