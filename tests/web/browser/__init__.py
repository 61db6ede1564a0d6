"""Tests of the pages in a browser: one server and one browser a worker, started when needed."""
