# Words that the scripts share. Sourced, never run.

set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"

# Says in one sentence what to do, and stops.
stop() {
  printf '%s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian packages if this machine has apt and lets us. Quiet; answers with its exit code.
install_packages() {
  have apt-get || return 1
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    have sudo && sudo -n true 2>/dev/null || return 1
    as_root=(sudo -n)
  fi
  printf 'Installing %s ...\n' "$*" >&2
  local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq --no-install-recommends "$@")
  # The package lists of a fresh machine are missing or old; they are fetched only if that is so.
  "${install[@]}" >/dev/null 2>&1 && return 0
  "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 || return 1
  "${install[@]}" >/dev/null 2>&1
}

need_rust() {
  have cargo || stop "Rust is missing: install it from https://rustup.rs and run this again."
  have cc || install_packages build-essential ||
    stop "A C compiler is missing: install the package build-essential and run this again."
}

# Node 20.19 or newer, with npm: Vite and Playwright ask for it.
need_node() {
  have node && have npm || stop "Node.js is missing: install Node.js 20.19 or newer (with npm) and run this again."
  node --eval 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
    stop "Node.js $(node --version) is too old: install Node.js 20.19 or newer and run this again."
}

# Chromium, named by CHROMIUM or found; installed where that is possible.
need_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && have "$name"; then
      CHROMIUM="$(command -v "$name")"
      export CHROMIUM
      return 0
    fi
  done
  install_packages chromium || stop "Chromium is missing: install the package chromium and run this again."
  CHROMIUM="$(command -v chromium)"
  export CHROMIUM
}

# Packages of one folder, exactly as its lock file says. Does nothing when they are there already.
install_node_packages() {
  local folder="$1"
  need_node
  node scripts/checks/installed.mjs "$folder" && return 0
  printf 'Installing the packages of %s ...\n' "$folder" >&2
  (cd "$folder" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error) >&2 ||
    stop "npm could not install the packages of $folder: see the message above."
}

# One hash over names and contents of files and folders (without what is built inside them).
fingerprint() {
  find "$@" \( -name node_modules -o -name dist -o -name test-results \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# The three doors, as files that the server sends: pwa/dist. Does nothing when nothing has changed.
build_pwa() {
  local stamp=target/pwa-built-from now
  scripts/wasm
  install_node_packages pwa
  now="$(fingerprint pwa)"
  if [ -f pwa/dist/index.html ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then
    return 0
  fi
  printf 'Building the pages ...\n' >&2
  (cd pwa && npm run --silent build) || stop "The pages could not be built: see the message above."
  mkdir -p target
  echo "$now" >"$stamp"
}

# Where the newest installed PostgreSQL has its programs; nothing when there is none.
postgres_programs() {
  # No match is an answer, not a failure.
  { compgen -G '/usr/lib/postgresql/*/bin/initdb' || true; } | sort -V | tail -n 1 | xargs -r dirname
}

need_postgres() {
  [ -n "$(postgres_programs)" ] || install_packages postgresql && [ -n "$(postgres_programs)" ] ||
    stop "PostgreSQL is missing: install the package postgresql and run this again."
}

# Starts a PostgreSQL of our own, on a socket in a new folder and on no network, and says in MPP_TEST_POSTGRES
# where it is. Whoever calls this calls stop_postgres at the end. It loses everything in a power cut (fsync=off).
start_postgres() {
  need_postgres
  POSTGRES_BIN="$(postgres_programs)"
  POSTGRES_FOLDER="$(mktemp -d)"
  # PostgreSQL refuses to be root.
  POSTGRES_USER=()
  if [ "$(id -u)" -eq 0 ]; then
    POSTGRES_USER=(runuser -u postgres --)
    chown postgres "$POSTGRES_FOLDER"
  fi
  in_postgres "$POSTGRES_BIN/initdb" --pgdata="$POSTGRES_FOLDER/data" --auth=trust --username=postgres \
    --encoding=UTF8 --locale=C --no-sync >/dev/null
  # Several processes with a pool each, and tests side by side: more connections than the default.
  in_postgres "$POSTGRES_BIN/pg_ctl" start --pgdata="$POSTGRES_FOLDER/data" --wait --silent \
    --log="$POSTGRES_FOLDER/log" --options="-c listen_addresses='' -c unix_socket_directories='$POSTGRES_FOLDER' \
    -c fsync=off -c max_connections=300" || stop "PostgreSQL does not start: $(cat "$POSTGRES_FOLDER/log")"
  export MPP_TEST_POSTGRES="postgres://postgres@localhost/postgres?host=$POSTGRES_FOLDER"
}

in_postgres() { (cd "$POSTGRES_FOLDER" && "${POSTGRES_USER[@]}" "$@"); }

stop_postgres() {
  [ -n "${POSTGRES_FOLDER:-}" ] || return 0
  in_postgres "$POSTGRES_BIN/pg_ctl" stop --pgdata="$POSTGRES_FOLDER/data" --mode=immediate --silent 2>/dev/null || true
  rm -rf "$POSTGRES_FOLDER"
}
