# shellcheck shell=bash
# Builds the server and the panel. Sourced after base.sh and install.sh.
#
# build_all                       both, as ops/run wants them; does nothing that is not needed
# build_server DIR [-DNAME=VALUE…]  the server in DIR
# build_panel                     web/dist and web/docs/dist, when something in web/ or the API's description has changed

BUILD=$RUN/build

build_all() {
  step "Server built" build_server "$BUILD"
  install_npm "$ROOT/web"
  build_panel
}

build_server() {
  local dir=$1 generator=()
  shift
  if command -v ninja >/dev/null; then generator=(-G Ninja); fi
  if [[ ! -f $dir/CMakeCache.txt ]]; then cmake -S "$ROOT" -B "$dir" "${generator[@]}" "$@"; fi
  cmake --build "$dir" --parallel --target tillgate
}

# The stamp is a digest of every file that the bundler could read; building takes seconds, looking takes none.
build_panel() {
  local stamp=$ROOT/web/node_modules/.tillgate-built now
  now=$(panel_digest)
  if [[ -f $ROOT/web/dist/index.html && -f $ROOT/web/docs/dist/index.html && -f $stamp && $(cat "$stamp") == "$now" ]]; then return 0; fi
  step "Panel built" npm run --prefix "$ROOT/web" build
  panel_digest >"$stamp"
}

panel_digest() {
  (
    cd "$ROOT" || exit
    find web tenants/openapi.yaml \( -name node_modules -o -name dist \) -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum |
      sha256sum
  )
}
