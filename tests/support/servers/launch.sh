# Sourced by start-mariadb, start-mysql and stop: one server process in one directory.
#
# Layout of DIR: data/ (the data directory), tmp/, s.sock, pid, err.log, out.log.
# A process counts as this directory's server only while its command line names DIR/data: a pid file
# may be stale, its number may have been given to somebody else, and a zombie has no command line.

say() { echo "${0##*/}: $*" >&2; }
die() { say "$*"; exit 1; }

# serves PID DIR: whether that process is the directory's server.
serves() { grep -qaF -- "--datadir=$2/data" "/proc/$1/cmdline" 2>/dev/null; }

# server_pid DIR: prints the pid of the directory's running server, or fails.
server_pid() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null | tr -cd 0-9) && [ -n "$pid" ] && serves "$pid" "$1" && echo "$pid"
}

# Options of both start scripts; leaves DIR PORT SERVER_ID FAST OWNER PRELOAD and the array EXTRA.
parse_start_options() {
  FAST= OWNER= PRELOAD= EXTRA=()
  local words=()
  while [ $# -gt 0 ]; do
    case $1 in
      --fast) FAST=1 ;;
      --owner) OWNER=${2:?--owner needs a pid}; shift ;;
      --preload) PRELOAD=${2:?--preload needs a library}; shift ;;
      --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
      --) shift; EXTRA+=("$@"); break ;;
      --*) EXTRA+=("$1") ;;
      *) words+=("$1") ;;
    esac
    shift
  done
  [ ${#words[@]} = 3 ] || die "usage: ${0##*/} DIR PORT SERVER_ID [--fast] [--owner PID] [--preload LIBRARY] [-- server options...]"
  mkdir -p "${words[0]}/tmp"
  DIR=$(cd "${words[0]}" && pwd) PORT=${words[1]} SERVER_ID=${words[2]}
  [ $(printf %s "$DIR/s.sock" | wc -c) -le 107 ] || die "path too long for a unix socket: $DIR/s.sock"
  CACHE=${WHERRY_CACHE:-$HOME/.cache/wherry}
  RUN_AS=(); [ "$(id -u)" != 0 ] || RUN_AS=(--user=root)
  # --fast keeps what a kill -9 of the server must keep (everything committed is in the page cache)
  # and gives up only what a power cut would take.
  if [ "$FAST" ]; then
    REDO=48M
    SIZES=(--innodb-buffer-pool-size=128M --innodb-log-file-size=$REDO --innodb-flush-method=nosync
      --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 --performance-schema=0)
  else
    REDO=256M
    SIZES=(--innodb-buffer-pool-size=512M --innodb-log-file-size=$REDO --innodb-flush-method=O_DIRECT
      --innodb-flush-log-at-trx-commit=1 --sync-binlog=1)
  fi
  COMMON=(--bind-address=127.0.0.1 --skip-name-resolve --log-bin=mysql-bin --log-slave-updates=1
    --binlog-format=ROW --binlog-row-image=FULL --binlog-checksum=CRC32 --max-binlog-size=1G
    --max-allowed-packet=64M --local-infile=1 --character-set-server=utf8mb4)
}

# from_template NAME FUNCTION: fills DIR/data with a copy of the prepared data directory NAME, which
# `FUNCTION EMPTY_DIR` (leaving it in EMPTY_DIR/data) makes once per machine.
from_template() {
  [ ! -d "$DIR/data/mysql" ] || return 0
  local templates=$CACHE/server-templates template=$CACHE/server-templates/$1
  mkdir -p "$templates"
  (
    flock 9
    if [ ! -d "$template" ]; then
      local work; work=$(mktemp -d "$templates/new.XXXXXX")
      "$2" "$work" || { tail -20 "$work"/*.log >&2; rm -rf "$work"; exit 1; }
      mv "$work/data" "$template" && rm -rf "$work"
    fi
  ) 9>"$templates/$1.lock" || die "could not prepare a data directory ($1)"
  rm -rf "$DIR/data.new"
  cp -a --reflink=auto "$template" "$DIR/data.new" && mv "$DIR/data.new" "$DIR/data"
}

# launch COMMAND...: starts the server in the background and waits until it answers.
launch() {
  if server_pid "$DIR" >/dev/null; then say "already running"
  else
    rm -f "$DIR/pid" "$DIR/s.sock" "$DIR/s.sock.lock"
    ulimit -c 0
    setsid env ${PRELOAD:+LD_PRELOAD="$PRELOAD"} "$@" </dev/null >"$DIR/out.log" 2>&1 &
    local child=$!
    # The server writes its pid file only when it is ready; until then the file holds our child's.
    [ -s "$DIR/pid" ] || echo "$child" >"$DIR/pid"
  fi
  local i
  for ((i = 0; i < 2400; i++)); do
    if mariadb-admin --no-defaults -uroot -S "$DIR/s.sock" ping >/dev/null 2>&1; then
      [ -z "$OWNER" ] || follow_owner
      echo "ready dir=$DIR socket=$DIR/s.sock port=$PORT pid=$(server_pid "$DIR")"
      return 0
    fi
    [ -n "${child:-}" ] && ! kill -0 "$child" 2>/dev/null && break
    sleep 0.05
  done
  cat "$DIR/err.log" "$DIR/out.log" 2>/dev/null | grep -F '[ERROR]' | tail -20 >&2
  die "the server did not start (logs in $DIR)"
}

# Ends the server and removes DIR when the owner ends, so that a crashed test leaves nothing behind.
follow_owner() {
  local server owner=$OWNER
  server=$(server_pid "$DIR")
  setsid bash -c '
    while [ -d "/proc/$1" ]; do
      grep -qaF -- "--datadir=$3/data" "/proc/$2/cmdline" 2>/dev/null || exit 0
      sleep 1
    done
    grep -qaF -- "--datadir=$3/data" "/proc/$2/cmdline" 2>/dev/null && kill -9 "$2"
    for i in 1 2 3 4 5; do sleep 0.2; rm -rf "$3" && exit 0; done
  ' owner-watch "$owner" "$server" "$DIR" </dev/null >/dev/null 2>&1 &
}
