"""A program that has port 53 for itself (without SO_REUSEPORT, which two CoreDNS would share)."""

import socket
import time

with socket.create_server(("0.0.0.0", 53)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    udp.bind(("0.0.0.0", 53))
    print("ready", flush=True)
    time.sleep(3600)
