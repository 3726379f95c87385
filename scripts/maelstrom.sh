#!/usr/bin/env bash
# Runs the counter under the real Maelstrom: the exercise's test, 3 nodes, 100
# requests a second, 20 s, partitions. Then bench why says how it went.
set -euo pipefail

version=v0.2.4
url=https://github.com/jepsen-io/maelstrom/releases/download/$version/maelstrom.tar.bz2
sum=301ec71d6b12af0d765edb413f5cf5aa1046b5609bd4e31376a0b549548e5799

usage() {
  cat <<EOF
usage: scripts/maelstrom.sh [Maelstrom's flags] [-- the node's flags]

Builds the node, and runs the exercise's test with the real Maelstrom:

  maelstrom test -w g-counter --bin ./maelstrom-counter --node-count 3 \\
    --rate 100 --time-limit 20 --nemesis partition

Further flags come after these, and the last one counts, as in
scripts/maelstrom.sh --latency 100 or make maelstrom ARGS="--latency 100".

Maelstrom is \$MAELSTROM if that is set, else maelstrom on the PATH, else release
$version, which is downloaded into .maelstrom once. It needs Java, gnuplot and
graphviz.

Maelstrom's verdict looks at the final reads, and whether each kind of request
succeeded. At the end, bench why says what else the messages show: whether reads
were linearizable, and what went wrong, if anything did.

The exit code is Maelstrom's, or 2 if Maelstrom cannot be run.
EOF
}

fail() {
  echo "maelstrom.sh: $*" >&2
  exit 2
}

case ${1-} in -h | --help) usage && exit ;; esac

case ${MAELSTROM-} in
/*) ;;
*/*) MAELSTROM=$PWD/$MAELSTROM ;; # relative to the caller's folder
esac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

missing=()
command -v java >/dev/null || missing+=("Java (java)")
command -v gnuplot >/dev/null || missing+=("gnuplot (gnuplot)")
command -v dot >/dev/null || missing+=("graphviz (dot)")
if ((${#missing[@]})); then
  list=$(printf ', %s' "${missing[@]}")
  fail "Maelstrom needs programs that are not installed: ${list:2}; \`make run\` needs none of them"
fi

# download puts release $version into .maelstrom. If it fails, it leaves nothing
# there.
download() {
  local by_hand="unpack $url by hand and set MAELSTROM to the maelstrom in it; \`make run\` needs none of this"
  mkdir -p .maelstrom
  part=$(mktemp -d .maelstrom/part.XXXXXX)
  trap 'rm -rf "$part"' EXIT
  echo "maelstrom.sh: downloading Maelstrom $version" >&2
  if command -v curl >/dev/null; then
    curl -fsSL --connect-timeout 20 -o "$part/maelstrom.tar.bz2" "$url" || fail "cannot download Maelstrom: $by_hand"
  elif command -v wget >/dev/null; then
    wget -q -T 20 -t 2 -O "$part/maelstrom.tar.bz2" "$url" || fail "cannot download Maelstrom: $by_hand"
  else
    fail "neither curl nor wget is installed: $by_hand"
  fi
  local got
  if command -v sha256sum >/dev/null; then
    got=$(sha256sum "$part/maelstrom.tar.bz2")
  else
    got=$(shasum -a 256 "$part/maelstrom.tar.bz2")
  fi
  [[ ${got%% *} == "$sum" ]] || fail "the SHA-256 of the download is ${got%% *}, not $sum: nothing was kept"
  tar -xjf "$part/maelstrom.tar.bz2" -C "$part" || fail "cannot unpack the download (is bzip2 installed?)"
  rm -rf ".maelstrom/$version"
  mv "$part/maelstrom" ".maelstrom/$version"
  rm -rf "$part"
  trap - EXIT
}

if [[ -n ${MAELSTROM-} ]]; then
  maelstrom=$MAELSTROM
  command -v "$maelstrom" >/dev/null || fail "MAELSTROM is $maelstrom, which cannot be run"
elif ! maelstrom=$(command -v maelstrom); then
  maelstrom=$root/.maelstrom/$version/maelstrom
  [[ -x $maelstrom ]] || download
fi

go build -o maelstrom-counter . || fail "cannot build the node"
mkdir -p .bin
go build -o .bin/bench ./scripts/bench || fail "cannot build the bench"

# Maelstrom makes the link store/current lead to a run when that begins, and
# latest only when it has come to its end.
last() (cd -P store/current 2>/dev/null && pwd)
before=$(last) || true
trap : INT # Ctrl-C ends Maelstrom, and what there is of the run is told
code=0
"$maelstrom" test -w g-counter --bin "$root/maelstrom-counter" \
  --node-count 3 --rate 100 --time-limit 20 --nemesis partition "$@" || code=$?
if now=$(last) && [[ $now != "$before" ]]; then
  .bin/bench why --consistency linearizable "$now" || true # the exit code is Maelstrom's
fi
exit "$code"
