"""The server stack of docker-compose.yml as processes on this machine: `scripts/stack`."""
