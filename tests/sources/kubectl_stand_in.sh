#!/bin/sh
# A stand-in for kubectl: records every call in $STAND_IN_CALLS and answers as a small cluster would.
# STAND_IN_REFUSE: words; a call that holds one of them is refused. STAND_IN_ELSEWHERE: 1: nothing in the usual places.
call=$(printf '%s ' "$@" | sed 's/go-template=.*/go-template/')
printf '%s\n' "$call" >>"$STAND_IN_CALLS"
for word in ${STAND_IN_REFUSE:-}; do
  case " $call " in *" $word"*)
    echo "Error from server (Forbidden): $word is forbidden: User \"someone\" cannot do that" >&2
    exit 1 ;;
  esac
done
case "${STAND_IN_ELSEWHERE:-} $call" in "1 "*"get pods -n "*"-l "*) exit 0 ;; esac
list() { if [ $# -gt 1 ]; then printf 'apiVersion: v1\nkind: %sList\nitems:\n%s' "$1" "$2"; else printf 'apiVersion: v1\nkind: %sList\nitems: []\n' "$1"; fi; }
case "$call" in
  *"get pods"*"-l k8s-app=kube-dns"*)
    echo "kube-system coredns-7d5f9c6b8f-2kqzt coredns, -coredns, -coredns=1, n1 u-1"
    echo "kube-system coredns-7d5f9c6b8f-x8mld sidecar,coredns, -coredns, -sidecar=0,coredns=0, n1 u-2"
    echo "kube-system kube-dns-76f9b6b57d-kxv2m kubedns,dnsmasq, - -kubedns=0, n1 u-3" ;;
  *"get pods"*"-l k8s-app=node-local-dns"*) echo "kube-system node-local-dns-q7x2m node-cache, - -node-cache=0, n1 u-4" ;;
  *"get pods"*"-l dns.operator"*) echo "openshift-dns dns-default-gvl8p dns,kube-rbac-proxy, - -dns=0, n1 u-5" ;;
  *"get pods"*"-l "*) ;;
  *logs*2kqzt*--previous*) echo "2026-03-01T10:00:00.000000000Z [FATAL] plugin/loop: Loop (127.0.0.1:1 -> :53) detected for zone \".\"" ;;
  *logs*--previous*) echo "Error from server (BadRequest): previous terminated container not found" >&2; exit 1 ;;
  *logs*) echo "2026-03-01T10:00:00.000000000Z [INFO] plugin/reload: Running configuration MD5 = 1" ;;
  *"get nodes"*) list Node '- { "kind": "Node", "metadata": { "name": "n1", }, }
' ;;
  *"get pods"*) list Pod '- { "kind": "Pod", "metadata": { "name": "coredns-7d5f9c6b8f-2kqzt", }, "spec": { "nodeName": "n1", }, }
' ;;
  *"get events"*) list Event ;;
  *"get configmap"*" coredns "*)
    list ConfigMap '- { "kind": "ConfigMap", "metadata": { "name": "coredns", }, "data": { "Corefile": ".:53 {\n    errors\n    route53 a. {\n\t  aws_access_key AKIA1 s3cr3t\n    }\n}\n", }, }
' ;;
  *"get configmap"*) ;;
  *version*) echo '{"serverVersion":{"gitVersion":"v1.30.1"}}' ;;
  *) list ReplicaSet ;;
esac
