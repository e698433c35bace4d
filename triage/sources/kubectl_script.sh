#!/bin/sh
# Saves the logs of all CoreDNS replicas, and what is needed to read them, as a folder:
#
#   sh collect.sh [-n NAMESPACE] [-o FOLDER]
#
# It only reads (get, logs); it never follows, creates, changes or enters anything. It needs a POSIX shell and kubectl.
# What is refused is noted in errors.txt, the rest is saved. Then: triage analyze FOLDER
#
# KUBECTL    the command to use, with its options: KUBECTL="kubectl --context prod" (default: kubectl, else oc)
# NAMESPACE  look for CoreDNS in this namespace only (default: everywhere, else in the usual ones)
# OUT        folder to write (default: coredns-evidence-<UTC time>)
# TAIL       lines of each log (default: all that the node has kept)
set -u
umask 077
LC_ALL=C
export LC_ALL

namespace=${NAMESPACE:-}
out=${OUT:-}
tail=${TAIL:--1}

usage() {
  echo "usage: sh $0 [-n NAMESPACE] [-o FOLDER]"
}

while getopts n:o:h option; do
  case $option in
    n) namespace=$OPTARG ;;
    o) out=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

if [ -z "${KUBECTL:-}" ]; then
  if command -v kubectl >/dev/null 2>&1; then
    KUBECTL=kubectl
  elif command -v oc >/dev/null 2>&1; then
    KUBECTL=oc
  else
    echo "kubectl was not found; set KUBECTL to the command to use" >&2
    exit 2
  fi
fi

[ -n "$out" ] || out=coredns-evidence-$(date -u +%Y%m%dT%H%M%SZ)
case $out in -*) out=./$out ;; esac
if ! mkdir -p "$out"; then
  echo "cannot create the folder $out; choose another with -o" >&2
  exit 2
fi
errors=$out/errors.txt
: >"$errors" || exit 2

# KUBECTL may hold options, so it is split at blanks here and nowhere else; no file name is expanded in it.
set -f

# save FILE ARGUMENTS…: output of a read into FILE; when it is refused there is no FILE, and errors.txt says why.
# A request that hangs is given up; logs may take longer.
save() {
  file=$out/$1
  shift
  # shellcheck disable=SC2086
  if $KUBECTL --request-timeout="${timeout:-60s}" "$@" >"$file.part" 2>"$out/.stderr" </dev/null; then
    mv "$file.part" "$file"
    status=0
  else
    status=$?
    { echo "### $*"; cat "$out/.stderr"; } >>"$errors"
    if [ -s "$file.part" ]; then mv "$file.part" "$file"; else rm -f "$file.part"; fi
  fi
  rm -f "$out/.stderr"
  return $status
}

# objects NAME KIND ARGUMENTS…: as JSON, else as a table.
objects() {
  name=$1
  shift
  save "$name.json" get "$@" -o json || save "$name.txt" get "$@" -o wide
}

# find_pods ARGUMENTS…: one "namespace pod container,container," a line.
find_pods() {
  # shellcheck disable=SC2086
  if $KUBECTL --request-timeout=60s get pods "$@" \
    -o 'jsonpath={range .items[*]}{.metadata.namespace}{" "}{.metadata.name}{" "}{range .spec.containers[*]}{.name}{","}{end}{"\n"}{end}' \
    2>"$out/.stderr" </dev/null; then
    rm -f "$out/.stderr"
  else
    { echo "### get pods $*"; cat "$out/.stderr"; } >>"$errors"
    rm -f "$out/.stderr"
    return 1
  fi
}

# The labels that distributions give to CoreDNS and to NodeLocal DNSCache.
labels='k8s-app=kube-dns
k8s-app=coredns
app.kubernetes.io/name=coredns
app.kubernetes.io/name=rke2-coredns
dns.operator.openshift.io/daemonset-dns=default
k8s-app=node-local-dns
k8s-app=nodelocaldns
app=coredns'

search() {
  echo "$labels" | while IFS= read -r label; do
    if [ -n "$namespace" ]; then
      find_pods -n "$namespace" -l "$label"
    elif ! find_pods --all-namespaces -l "$label"; then
      for ns in kube-system openshift-dns; do find_pods -n "$ns" -l "$label"; done
    fi
  done | sort -u
}

pods=$(search)

# container_of NAMES: the container that is CoreDNS, of a comma-separated list.
container_of() {
  for wanted in coredns dns node-cache; do
    case ",$1" in *",$wanted,"*) echo "$wanted"; return ;; esac
  done
  echo "${1%%,*}"
}

count=0
namespaces=
while read -r ns pod containers; do
  [ -n "$pod" ] || continue
  case $ns$pod in *[!a-z0-9.-]*) echo "### a pod with an odd name was skipped" >>"$errors"; continue ;; esac
  container=$(container_of "$containers")
  count=$((count + 1))
  case " $namespaces " in *" $ns "*) ;; *) namespaces="$namespaces $ns" ;; esac
  echo "log of $ns/$pod ($container)" >&2
  timeout=300s
  save "$pod.log" logs -n "$ns" "$pod" -c "$container" --timestamps --tail="$tail"
  # There is no previous container unless the pod was restarted; that is no error worth noting.
  # shellcheck disable=SC2086
  if $KUBECTL --request-timeout=300s logs -n "$ns" "$pod" -c "$container" --timestamps --previous --tail="$tail" \
    >"$out/$pod.previous.log" 2>/dev/null </dev/null; then :; fi
  [ -s "$out/$pod.previous.log" ] || rm -f "$out/$pod.previous.log"
done <<EOF
$pods
EOF
timeout=60s

echo "nodes, pods, events and configuration" >&2
objects nodes nodes
save version.json version -o json
for ns in ${namespaces:-${namespace:-kube-system}}; do
  objects "$ns.pods" pods -n "$ns"
  objects "$ns.events" events -n "$ns"
  objects "$ns.services" services -n "$ns"
  objects "$ns.endpointslices" endpointslices.discovery.k8s.io -n "$ns"
  objects "$ns.replicasets" replicasets.apps -n "$ns"
  objects "$ns.deployments" deployments.apps -n "$ns"
  objects "$ns.daemonsets" daemonsets.apps -n "$ns"
  for map in coredns coredns-custom rke2-coredns-rke2-coredns dns-default node-local-dns nodelocaldns; do
    # Most of these do not exist in any one cluster.
    # shellcheck disable=SC2086
    if $KUBECTL --request-timeout=60s get configmap -n "$ns" "$map" --ignore-not-found -o yaml \
      >"$out/$ns.$map.yaml" 2>"$out/.stderr" </dev/null; then :; else
      { echo "### get configmap $map -n $ns"; cat "$out/.stderr"; } >>"$errors"
    fi
    rm -f "$out/.stderr"
    [ -s "$out/$ns.$map.yaml" ] || rm -f "$out/$ns.$map.yaml"
  done
done

[ -s "$errors" ] || rm -f "$errors"
if [ "$count" -eq 0 ]; then
  echo "no CoreDNS pod was found; name its namespace with -n (what was refused: $errors)" >&2
  echo "$out"
  exit 1
fi
echo "$count replicas saved" >&2
[ ! -f "$errors" ] || echo "some reads were refused, see $errors" >&2
echo "$out"
