"""A real Kubernetes cluster without a hypervisor: API server, kubelets, containerd and CoreDNS pods in a sealed box.

`docs/cluster.md` explains it.
"""
