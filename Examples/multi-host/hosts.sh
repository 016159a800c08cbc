#!/usr/bin/env bash
# Makes several hosts on one Linux machine: network namespaces whose links to each other have a limited rate.
#
#   hosts.sh up HOSTS RATE       HOSTS hosts, each with a link of RATE (100mbit, 1gbit) both ways
#   hosts.sh rate RATE           another rate for every link
#   hosts.sh run RANKS CMD..     mpirun CMD with RANKS ranks on each host: shared memory inside a host, TCP between hosts
#   hosts.sh bytes               bytes that each host has sent over its link
#   hosts.sh cut HOST            takes a host's link away; hosts.sh mend HOST brings it back
#   hosts.sh down                removes it all
#
# Needs root, ip and tc (iproute2) and mpirun (openmpi-bin). Every host has its own network, host name and IPC, so Open MPI
# sees different machines. Nothing leaves this machine: addresses are 10.79.0.1 .. inside the namespaces.
set -euo pipefail

network=10.79.0
state=${TMPDIR:-/tmp}/dmt-hosts

fail() {
  echo "hosts.sh: $1" >&2
  exit "${2:-1}"
}

count() { cat "$state/count" 2> /dev/null || fail "there are no hosts: hosts.sh up HOSTS RATE" 66; }

need() { command -v "$1" > /dev/null || fail "$1 is missing: apt-get install $2" 69; }

# limit RATE DEVICE [NAMESPACE]: a token bucket that holds a tenth of a second.
limit() {
  local where=()
  [ $# -lt 3 ] || where=(-n "$3")
  tc "${where[@]}" qdisc replace dev "$2" root tbf rate "$1" burst 256k latency 100ms
}

limit_all() {
  local host
  for host in $(seq 1 "$(count)"); do
    limit "$1" eth0 "dmt-host$host"
    limit "$1" "dmtv$host"
  done
}

down() {
  local host
  for host in $(seq 1 "$(cat "$state/count" 2> /dev/null || echo 0)"); do
    ip netns del "dmt-host$host" 2> /dev/null || true
    ip link del "dmtv$host" 2> /dev/null || true
  done
  ip link del dmtbridge 2> /dev/null || true
  rm -rf "$state"
}

up() {
  local host
  [ "$(id -u)" -eq 0 ] || fail "namespaces need root" 77
  need ip iproute2
  need tc iproute2
  need mpirun openmpi-bin
  [ ! -e "$state" ] || fail "$(count) hosts are up already: hosts.sh down first" 64
  [[ $1 =~ ^[1-9][0-9]?$ ]] || fail "'$1' hosts, expected 1 to 99" 64
  mkdir -p "$state"
  echo "$1" > "$state/count"
  trap down ERR
  ip link add dmtbridge type bridge
  ip link set dmtbridge up
  ip addr add "$network.254/24" dev dmtbridge
  for host in $(seq 1 "$1"); do
    ip netns add "dmt-host$host"
    ip link add "dmtv$host" type veth peer name eth0 netns "dmt-host$host"
    ip link set "dmtv$host" master dmtbridge up
    ip -n "dmt-host$host" addr add "$network.$host/24" dev eth0
    ip -n "dmt-host$host" link set eth0 up
    ip -n "dmt-host$host" link set lo up
  done
  limit_all "$2"
  # Stands in for ssh: agent ADDRESS COMMAND..
  cat > "$state/agent" << 'AGENT'
#!/usr/bin/env bash
host=dmt-host${1##*.}
shift
exec ip netns exec "$host" unshare --uts --ipc bash -c "hostname $host; $*"
AGENT
  chmod +x "$state/agent"
}

run() {
  local hosts ranks=$1 host
  shift
  hosts=$(count)
  for host in $(seq 1 "$hosts"); do echo "$network.$host slots=$ranks"; done > "$state/hostfile"
  exec mpirun --allow-run-as-root --oversubscribe -np "$((hosts * ranks))" --hostfile "$state/hostfile" \
    --mca plm_rsh_agent "$state/agent" --mca oob_tcp_if_include "$network.0/24" --mca btl tcp,self,vader \
    --mca btl_tcp_if_include "$network.0/24" --mca btl_vader_single_copy_mechanism none --mca mpi_yield_when_idle 1 "$@"
}

bytes() {
  local host
  for host in $(seq 1 "$(count)"); do
    echo "host$host $(ip netns exec "dmt-host$host" cat /sys/class/net/eth0/statistics/tx_bytes)"
  done
}

case "${1:-help} $#" in
"up 3") up "$2" "$3" ;;
"rate 2") limit_all "$2" ;;
"run "[3-9]* | "run "[1-9][0-9]*) shift && run "$@" ;;
"bytes 1") bytes ;;
"cut 2") ip link set "dmtv${2#host}" down ;;
"mend 2") ip link set "dmtv${2#host}" up ;;
"down 1") down ;;
*)
  sed -n '2,13p' "$0" | sed 's/^# \{0,1\}//'
  [ "${1:-help}" = help ] || exit 64
  ;;
esac
