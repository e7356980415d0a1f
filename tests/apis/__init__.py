"""APIs as they are documented, played by tests/http_server.py."""
