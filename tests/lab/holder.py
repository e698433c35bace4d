"""A program that has port 53 for itself (without SO_REUSEPORT, which two CoreDNS would share)."""

import socket
import time


def main() -> None:
    """Hold TCP and UDP 53 of every address until killed."""
    with socket.create_server(("0.0.0.0", 53)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("0.0.0.0", 53))
        print("ready", flush=True)
        time.sleep(3600)


if __name__ == "__main__":
    main()
