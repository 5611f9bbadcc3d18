"""Servers, clusters, browsers and data that tests start or make."""
