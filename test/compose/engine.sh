#!/usr/bin/env bash
# For test machines (Debian, root): `engine.sh start` starts a Docker engine if none runs and sees to it that the base images of the
# Dockerfile and docker-compose.yml are there: pulled where a registry can be reached, otherwise stand-ins built from Debian and npm
# packages. A stand-in proves the wiring, not the vendor's image. `engine.sh stop` ends the engine that it started.
set -euo pipefail
dir=${ENGINE_DIR:-${TMPDIR:-/tmp}/offline-docker}
mkdir -p "$dir"
export DEBIAN_FRONTEND=noninteractive DOCKER_BUILDKIT=0
say() { printf 'engine: %s\n' "$*" >&2; }
have() { docker image inspect "$1" >/dev/null 2>&1; }
pulled() { have "$1" || timeout 30 docker pull -q "$1" >/dev/null 2>&1; }

if [ "${1:-start}" = stop ]; then
  [ -f "$dir/dockerd.pid" ] && kill "$(cat "$dir/dockerd.pid")" 2>/dev/null && rm -f "$dir/dockerd.pid"
  exit 0
fi

if ! docker info >/dev/null 2>&1; then
  say 'starting dockerd'
  setsid dockerd --data-root "$dir/data" >"$dir/dockerd.log" 2>&1 </dev/null &
  echo $! >"$dir/dockerd.pid"
  for _ in $(seq 60); do docker info >/dev/null 2>&1 && break; sleep 0.5; done
  docker info >/dev/null 2>&1 || { say "dockerd did not start: $dir/dockerd.log"; exit 1; }
fi

debian_base() {
  pulled debian:bookworm-slim && return
  say 'building debian:bookworm-slim'
  rm -rf "$dir/rootfs"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$dir/rootfs" >"$dir/debootstrap.log" 2>&1
  cp -a /etc/ssl/certs/. "$dir/rootfs/etc/ssl/certs/"
  cp -aL /usr/local/share/ca-certificates/. "$dir/rootfs/usr/local/share/ca-certificates/" 2>/dev/null || true
  cp /etc/apt/sources.list "$dir/rootfs/etc/apt/" 2>/dev/null || true
  cp -a /etc/apt/sources.list.d/. "$dir/rootfs/etc/apt/sources.list.d/" 2>/dev/null || true
  cp -a /etc/apt/apt.conf.d/. "$dir/rootfs/etc/apt/apt.conf.d/" 2>/dev/null || true
  tar -C "$dir/rootfs" -c . | docker import - debian:bookworm-slim >/dev/null
  rm -rf "$dir/rootfs"
}

node_base() {
  pulled node:24-bookworm-slim && return
  debian_base
  say 'building node:24-bookworm-slim'
  ctx=$(mktemp -d)
  cp -L node_modules/node/bin/node "$ctx/node"
  cp -r "$(npm root -g)/npm" "$ctx/npm"
  cat >"$ctx/Dockerfile" <<'D'
FROM debian:bookworm-slim
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node
CMD ["node"]
D
  docker build -q -t node:24-bookworm-slim "$ctx" >/dev/null
  rm -rf "$ctx"
}

influx_base() {
  pulled influxdb:1.8 && return
  debian_base
  say 'building influxdb:1.8 from Debian'
  ctx=$(mktemp -d)
  cat >"$ctx/Dockerfile" <<'D'
FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends influxdb curl >/dev/null && rm -rf /var/lib/apt/lists/*
EXPOSE 8086
CMD ["influxd"]
D
  docker build -q -t influxdb:1.8 "$ctx" >/dev/null
  rm -rf "$ctx"
}

cd "$(dirname "$0")/../.."
node_base
influx_base
say "ready: $(docker images --format '{{.Repository}}:{{.Tag}}' | sort | tr '\n' ' ')"
