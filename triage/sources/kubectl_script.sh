#!/bin/sh
# Saves the logs of all CoreDNS replicas, and what is needed to read them, as a folder:
#
#   sh collect.sh [-n NAMESPACE] [-l LABELS] [-o FOLDER]
#
# It only reads (get, logs); it never follows, creates, changes or enters anything. It needs a POSIX shell and kubectl.
# What is refused is noted in errors.txt, the rest is saved. Names and addresses stand in it as they are; environment
# values and secrets are not saved. Then: triage analyze FOLDER
#
# KUBECTL    the command to use, with its options: KUBECTL="kubectl --context prod" (default: kubectl, else oc)
# NAMESPACE  look for CoreDNS in this namespace only (default: the usual ones, else everywhere)
# SELECTOR   labels of the pods to read (default: those that distributions give)
# OUT        folder to write (default: coredns-evidence-<UTC time>)
# TAIL       lines of each log (default: all that the node has kept)
# METRICS    1: also read /metrics of each replica, through the API server
set -u
umask 077
LC_ALL=C
export LC_ALL

namespace=${NAMESPACE:-}
selector=${SELECTOR:-}
out=${OUT:-}
tail=${TAIL:--1}

usage() {
  echo "usage: sh $0 [-n NAMESPACE] [-l LABELS] [-o FOLDER]"
}

while getopts n:l:o:h option; do
  case $option in
    n) namespace=$OPTARG ;;
    l) selector=$OPTARG ;;
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

# Which fields of each kind are saved, as templates of kubectl; the first one prints any value.
# shellcheck disable=SC2016,SC2034
any='@ANY@'
# shellcheck disable=SC2016,SC2034
{
@FORMS@
}

# The labels that distributions give to CoreDNS and to NodeLocal DNSCache.
labels='@LABELS@'

# read_ FILE WHAT ARGUMENTS…: output of a read into FILE; when it is refused, errors.txt says why under the head WHAT.
read_() {
  file=$out/$1
  what=$2
  shift 2
  mkdir -p "${file%/*}"
  # shellcheck disable=SC2086
  if $KUBECTL --request-timeout="$timeout" "$@" >"$file" 2>"$out/.stderr" </dev/null; then
    status=0
  else
    status=$?
    { echo "### $what"; cat "$out/.stderr"; } >>"$errors"
  fi
  rm -f "$out/.stderr"
  [ -s "$file" ] || { [ $status -eq 0 ] && [ "$keep_empty" = 1 ]; } || rm -f "$file"
  return $status
}
keep_empty=0
timeout=60s

# log FILE WHAT ARGUMENTS…: the same for a log; an empty one says that nothing was logged. While the kubelet removes a
# container it answers with a sentence instead of the log.
log() {
  keep_empty=1
  timeout=300s
  for wait in 6 0; do
    read_ "$@"
    case $(head -c 64 "$out/$1" 2>/dev/null) in
      "unable to retrieve container logs for "*) ;;
      *) break ;;
    esac
    [ "$(wc -l <"$out/$1")" -lt 2 ] || break
    if [ $wait -eq 0 ]; then
      { echo "### $2"; cat "$out/$1"; echo; } >>"$errors"
      rm -f "$out/$1"
    else
      sleep $wait
    fi
  done
  keep_empty=0
  timeout=60s
}

# list FILE KIND RESOURCE NAMESPACE: all objects, with the fields that are saved.
list() {
  form=
  eval "form=\$form_$2"
  if [ -n "$4" ]; then
    read_ "objects/$1.yaml" "list $3 $4" get "$3" -n "$4" -o "go-template=$any$form"
  else
    read_ "objects/$1.yaml" "list $3" get "$3" -o "go-template=$any$form"
  fi
}

# find_pods ARGUMENTS…: "namespace pod container,… map,… restarts,… node uid" of each pod, a line each.
# shellcheck disable=SC2016
pod_line='{{range .items}}{{.metadata.namespace}} {{.metadata.name}} {{range .spec.containers}}{{.name}},{{end}} -{{range .spec.volumes}}{{with .configMap}}{{.name}},{{end}}{{end}} -{{range .status.containerStatuses}}{{.name}}={{.restartCount}},{{end}} {{with .spec.nodeName}}{{.}}{{else}}-{{end}} {{.metadata.uid}}{{"\n"}}{{end}}'
find_pods() {
  # shellcheck disable=SC2086
  if $KUBECTL --request-timeout=60s get pods "$@" -o "go-template=$pod_line" 2>"$out/.stderr" </dev/null; then
    rm -f "$out/.stderr"
  else
    { echo "### list pods${where:+ $where}"; cat "$out/.stderr"; } >>"$errors"
    rm -f "$out/.stderr"
    return 1
  fi
}

find_labelled() {
  if [ -n "$selector" ]; then
    find_pods "$@" -l "$selector"
  else
    echo "$labels" | while IFS= read -r label; do
      find_pods "$@" -l "$label" || break
    done
  fi
}

search() {
  for where in ${namespace:-@NAMESPACES@}; do
    find_labelled -n "$where"
  done | sort -u >"$out/.pods"
  if [ ! -s "$out/.pods" ] && [ -z "$namespace" ]; then
    where=
    find_labelled --all-namespaces | sort -u >"$out/.pods"
  fi
  # What was refused elsewhere is no loss once CoreDNS is found.
  [ ! -s "$out/.pods" ] || : >"$errors"
  cat "$out/.pods"
  rm -f "$out/.pods"
}

pods=$(search)

# container_of NAMES: the container that is CoreDNS, of a comma-separated list.
container_of() {
  for wanted in @CONTAINERS@; do
    case ",$1" in *",$wanted,"*) echo "$wanted"; return ;; esac
  done
  echo "${1%%,*}"
}

count=0
namespaces=
maps=
while read -r ns pod containers volumes restarts node uid; do
  [ -n "$pod" ] || continue
  case $ns$pod in *[!a-z0-9.-]*) echo "### a pod with an odd name was skipped" >>"$errors"; continue ;; esac
  case $containers in *kubedns,* | *dnsmasq,*) continue ;; esac
  container=$(container_of "$containers")
  count=$((count + 1))
  case " $namespaces " in *" $ns "*) ;; *) namespaces="$namespaces $ns" ;; esac
  for map in $(echo "${volumes#-}" | tr ',' ' ') coredns-custom; do
    case " $maps " in *" $ns/$map "*) ;; *) maps="$maps $ns/$map" ;; esac
  done
  echo "log of $ns/$pod ($container)" >&2
  if [ "$node" = - ]; then # the API answers with an empty log
    echo "### get pods/log $ns $pod $container - $uid
the pod runs on no node yet" >>"$errors"
    continue
  fi
  folder=logs/$ns/$pod/$container
  log "$folder/current.log" "get pods/log $ns $pod $container $node $uid" \
    logs -n "$ns" "$pod" -c "$container" --timestamps --tail="$tail"
  case ",${restarts#-}" in
    *",$container=0,"*) ;;
    *",$container="*)
      log "$folder/previous.log" "get pods/log $ns $pod $container $node $uid previous" \
        logs -n "$ns" "$pod" -c "$container" --timestamps --previous --tail="$tail" ;;
  esac
  if [ "${METRICS:-}" = 1 ]; then
    read_ "metrics/$ns/$pod.prom" "get pods/proxy $ns $pod" \
      get --raw "/api/v1/namespaces/$ns/pods/$pod:9153/proxy/metrics"
  fi
done <<EOF
$pods
EOF

echo "nodes, pods, events and configuration" >&2
list nodes Node nodes ''
read_ version.json "get version" version -o json
for ns in ${namespaces:-${namespace:-kube-system}}; do
  list "$ns.pods" Pod pods "$ns"
  list "$ns.events" Event events "$ns"
  list "$ns.services" Service services "$ns"
  list "$ns.endpointslices" EndpointSlice endpointslices "$ns"
  list "$ns.replicasets" ReplicaSet replicasets "$ns"
  read_ subnets.yaml "get configmaps $ns coredns-triage-subnets" \
    get configmap -n "$ns" coredns-triage-subnets --ignore-not-found -o 'go-template={{index .data "subnets.yaml"}}'
done
for map in $maps; do
  ns=${map%%/*}
  name=${map#*/}
  form=
  eval "form=\$form_ConfigMap"
  read_ "objects/$ns.configmap.$name.yaml" "get configmaps $ns $name" \
    get configmap -n "$ns" "$name" --ignore-not-found -o "go-template=$any$form"
  file=$out/objects/$ns.configmap.$name.yaml
  if [ -f "$file" ]; then
    # Secrets of plugins; the text of a Corefile stands there in one line, with \n between its own lines.
    for word in @SECRETS@; do
      sed "s/\(\\\\n[ ]*\(\\\\t\)*[ ]*${word}[ ]\{1,\}\)[^\\\\\"]*/\1***/g" "$file" >"$file.part" && mv "$file.part" "$file"
    done
  fi
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
