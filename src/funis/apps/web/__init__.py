"""The workbench: pages and an API in a browser; it computes nothing and asks `pipeline`."""
