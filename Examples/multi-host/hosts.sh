#!/usr/bin/env bash
# Makes several hosts on one Linux machine: network namespaces whose links to each other have a limited rate.
#
#   hosts.sh up HOSTS RATE       HOSTS hosts, each with a link of RATE (100mbit, 1gbit) both ways
#   hosts.sh rate RATE           another rate for every link
#   hosts.sh run RANKS CMD..     mpirun CMD with RANKS ranks on each host: shared memory inside a host, TCP between hosts
#   hosts.sh launch RANKS DMT .. DMT launch .. on the hosts, with RANKS ranks on each
#   hosts.sh bytes               bytes that each host has sent over its link
#   hosts.sh cut HOST            takes a host's link away; hosts.sh mend HOST brings it back
#   hosts.sh down                removes it all, and ends what still runs on the hosts
#
# HOSTS_LAB=N, 0 to 9, names a set of hosts of its own: several stand side by side. 0 unless said.
# Needs root, ip and tc (iproute2) and mpirun (openmpi-bin). Every host has its own network, host name and IPC, so Open MPI
# sees different machines. Nothing leaves this machine: addresses are 10.79.0.1 .. inside the namespaces (HOSTS_LAB
# 1: 10.80).
set -euo pipefail

lab=${HOSTS_LAB:-0}
[[ $lab =~ ^[0-9]$ ]] || { echo "hosts.sh: HOSTS_LAB is '$lab', expected 0 to 9" >&2; exit 64; }
network=10.$((79 + lab)).0
mark=""
[ "$lab" = 0 ] || mark=$lab-
state=${TMPDIR:-/tmp}/dmt-hosts${mark%-}
prefix=dmt-${mark}host
link=dmt${mark}v
bridge=dmtbridge${mark%-}

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
    limit "$1" eth0 "$prefix$host"
    limit "$1" "$link$host"
  done
}

# Ends what still runs on a host: an mpirun that was killed leaves its ranks behind.
end_processes() {
  local pids
  pids=$(ip netns pids "$1" 2> /dev/null || true)
  # shellcheck disable=SC2086
  [ -z "$pids" ] || kill -KILL $pids 2> /dev/null || true
}

down() {
  local host
  for host in $(seq 1 "$(cat "$state/count" 2> /dev/null || echo 0)"); do
    end_processes "$prefix$host"
    ip netns del "$prefix$host" 2> /dev/null || true
    ip link del "$link$host" 2> /dev/null || true
  done
  ip link del "$bridge" 2> /dev/null || true
  rm -rf "$state"
}

up() {
  local host
  [ "$(id -u)" -eq 0 ] || fail "namespaces need root" 77
  need ip iproute2
  need tc iproute2
  need mpirun openmpi-bin
  [[ $1 =~ ^[1-9][0-9]?$ ]] || fail "'$1' hosts, expected 1 to 99" 64
  mkdir "$state" 2> /dev/null || fail "hosts are up already ($(cat "$state/count" 2> /dev/null || echo some)): hosts.sh down first" 64
  echo "$1" > "$state/count"
  trap down ERR
  ip link add "$bridge" type bridge
  ip link set "$bridge" up
  ip addr add "$network.254/24" dev "$bridge"
  for host in $(seq 1 "$1"); do
    ip netns add "$prefix$host"
    ip link add "$link$host" type veth peer name eth0 netns "$prefix$host"
    ip link set "$link$host" master "$bridge" up
    ip -n "$prefix$host" addr add "$network.$host/24" dev eth0
    ip -n "$prefix$host" link set eth0 up
    ip -n "$prefix$host" link set lo up
  done
  limit_all "$2"
  # Stands in for ssh: agent ADDRESS COMMAND..
  cat > "$state/agent" << AGENT
#!/usr/bin/env bash
host=$prefix\${1##*.}
shift
exec ip netns exec "\$host" unshare --uts --ipc bash -c "hostname \$host; \$*"
AGENT
  chmod +x "$state/agent"
}

# The hosts as mpirun wants them, RANKS on each, and how it reaches them.
describe() {
  local host
  hosts=$(count)
  for host in $(seq 1 "$hosts"); do echo "$network.$host slots=$1"; done > "$state/hostfile"
  options=(--oversubscribe --mca plm_rsh_agent "$state/agent" --mca oob_tcp_if_include "$network.0/24"
    --mca btl "tcp,self,vader" --mca btl_tcp_if_include "$network.0/24" --mca btl_vader_single_copy_mechanism none
    --mca mpi_yield_when_idle 1)
}

run() {
  local ranks=$1
  shift
  describe "$ranks"
  exec mpirun --allow-run-as-root -np "$((hosts * ranks))" --hostfile "$state/hostfile" "${options[@]}" "$@"
}

launch() {
  local ranks=$1 dmt=$2
  shift 2
  describe "$ranks"
  exec "$dmt" launch --ranks "${hosts}x$ranks" --interconnect mpi --hostfile "$state/hostfile" \
    "${options[@]/#/--mpirun=}" "$@"
}

bytes() {
  local host
  for host in $(seq 1 "$(count)"); do
    echo "host$host $(ip netns exec "$prefix$host" cat /sys/class/net/eth0/statistics/tx_bytes)"
  done
}

# Brings a link back, and waits until the host reaches this machine again: a refused connection is an answer.
mend() {
  local code
  ip link set "$link$1" up
  ip neigh flush dev "$bridge"
  ip -n "$prefix$1" neigh flush dev eth0
  for _ in $(seq 1 20); do
    code=0
    ip netns exec "$prefix$1" timeout 1 bash -c "< /dev/tcp/$network.254/9" 2> /dev/null || code=$?
    [ "$code" -eq 124 ] || return 0
  done
  fail "host$1 does not answer after its link is back"
}

case "${1:-help} $#" in
"up 3") up "$2" "$3" ;;
"rate 2") limit_all "$2" ;;
"run "[3-9]* | "run "[1-9][0-9]*) shift && run "$@" ;;
"launch "[4-9]* | "launch "[1-9][0-9]*) shift && launch "$@" ;;
"bytes 1") bytes ;;
"cut 2") ip link set "$link${2#host}" down ;;
"mend 2") mend "${2#host}" ;;
"down 1") down ;;
*)
  sed -n '2,15p' "$0" | sed 's/^# \{0,1\}//'
  [ "${1:-help}" = help ] || exit 64
  ;;
esac
