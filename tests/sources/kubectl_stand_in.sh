#!/bin/sh
# A stand-in for kubectl: records every call in $STAND_IN_CALLS and answers as a small cluster would.
# STAND_IN_REFUSE: words; a call that holds one of them is refused.
printf '%s\n' "$*" >>"$STAND_IN_CALLS"
for word in ${STAND_IN_REFUSE:-}; do
  case " $* " in *" $word"*)
    echo "Error from server (Forbidden): $word is forbidden: User \"someone\" cannot do that" >&2
    exit 1 ;;
  esac
done
case "$*" in
  *"get pods"*jsonpath*"k8s-app=kube-dns"* | *"get pods"*"-l k8s-app=kube-dns"*)
    echo "kube-system coredns-7d5f9c6b8f-2kqzt coredns,"
    echo "kube-system coredns-7d5f9c6b8f-x8mld sidecar,coredns," ;;
  *"get pods"*"-l k8s-app=node-local-dns"*) echo "kube-system node-local-dns-q7x2m node-cache," ;;
  *"get pods"*"-l dns.operator"*) echo "openshift-dns dns-default-gvl8p dns,kube-rbac-proxy," ;;
  *"get pods"*jsonpath*) ;;
  *logs*2kqzt*--previous*) echo "2026-03-01T10:00:00.000000000Z [FATAL] plugin/loop: Loop (127.0.0.1:1 -> :53) detected for zone \".\"" ;;
  *logs*--previous*) echo "Error from server (BadRequest): previous terminated container not found" >&2; exit 1 ;;
  *logs*) echo "2026-03-01T10:00:00.000000000Z [INFO] plugin/reload: Running configuration MD5 = 1" ;;
  *"get nodes"*json*) echo '{"apiVersion":"v1","kind":"List","items":[{"kind":"Node","metadata":{"name":"n1"}}]}' ;;
  *"get nodes"*wide*)
    echo "NAME   STATUS   ROLES    AGE   VERSION   INTERNAL-IP"
    echo "n1     Ready    <none>   9d    v1.30.1   10.0.8.11" ;;
  *"get pods"*json*) echo '{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod","metadata":{"name":"coredns-7d5f9c6b8f-2kqzt"}}]}' ;;
  *"get pods"*wide*)
    echo "NAME                       READY   STATUS    RESTARTS   AGE   IP           NODE"
    echo "coredns-7d5f9c6b8f-2kqzt   1/1     Running   0          9d    10.244.0.7   n1" ;;
  *"get events"*json*) echo '{"apiVersion":"v1","kind":"List","items":[]}' ;;
  *"get configmap"*" coredns "*)
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: coredns\ndata:\n  Corefile: |\n    .:53 {\n      errors\n    }\n' ;;
  *"get configmap"*) ;;
  *version*) echo '{"serverVersion":{"gitVersion":"v1.30.1"}}' ;;
  *) echo '{"apiVersion":"v1","kind":"List","items":[]}' ;;
esac
