# Functions that ./play, ./test and .ci/run share. Sourced, in the root of the project.

have() { command -v "$1" >/dev/null 2>&1; }

# A tool's own folder is often not on the path.
if ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then export PATH="$HOME/.cargo/bin:$PATH"; fi

# Prints the command prefix that lets us install packages: nothing for root, sudo where it asks nothing. Fails otherwise.
as_root() {
  if [ "$(id -u)" = 0 ]; then return 0; fi
  if have sudo && sudo -n true 2>/dev/null; then echo "sudo -n"; return 0; fi
  return 1
}

# install_packages NAME...: with apt-get, where that needs no question. Debian would start a server of its own for each;
# ours are private, so that is refused while it runs.
install_packages() {
  have apt-get || return 1
  local root policy=/usr/sbin/policy-rc.d made='' log status=0
  root=$(as_root) || return 1
  log=$(mktemp)
  printf '  Installing %s with apt-get\n' "$*"
  if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
    $root chmod 755 "$policy"
    made=yes
  fi
  if ! { $root apt-get update -q &&
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 3 "$log" >&2
    status=1
  fi
  if [ -n "$made" ]; then $root rm -f "$policy"; fi
  rm -f "$log"
  return $status
}

# The folder of Postgres's own programs, the newest; nothing where it is not installed.
postgres_bin() {
  local folder newest=''
  for folder in $(compgen -G '/usr/lib/postgresql/*/bin' | sort -V) $(compgen -G '/usr/pgsql-*/bin' | sort -V); do
    if [ -x "$folder/initdb" ]; then newest=$folder; fi
  done
  if [ -z "$newest" ] && have initdb; then newest=$(dirname "$(command -v initdb)"); fi
  printf '%s' "$newest"
}

# Node.js in a version that Herald's tools run on.
node_is_fit() {
  have node && have npm && node -e '
    const [a, b] = process.versions.node.split(".").map(Number);
    process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'
}

# Herald's packages, exactly as locked; nothing to do while the lock stays the same.
herald_packages() {
  local lock
  lock=$(sha256sum <herald/package-lock.json)
  if [ "$(cat herald/node_modules/.stamp 2>/dev/null)" = "$lock" ]; then return 0; fi
  (cd herald && npm ci --no-audit --no-fund) || return 1
  printf '%s' "$lock" >herald/node_modules/.stamp
}

# A line that changes whenever one of Herald's sources does.
herald_stamp() {
  find herald \( -path herald/node_modules -o -path herald/dist -o -path herald/e2e \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32
}

# Builds Herald when its sources changed since the last build.
build_herald() {
  local stamp
  stamp=$(herald_stamp)
  if [ -f herald/dist/index.html ] && [ "$(cat herald/node_modules/.built 2>/dev/null)" = "$stamp" ]; then return 0; fi
  herald_packages && (cd herald && npm run build) || return 1
  printf '%s' "$stamp" >herald/node_modules/.built
}

# Tells cargo when what is built into the program changed: it does not notice files that are new.
stamp_embedded() {
  EMBED_STAMP=$( { herald_stamp; find worlds -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum; } | sha256sum | cut -c1-32)
  export EMBED_STAMP
}
