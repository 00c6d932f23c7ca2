"""A real model, a real syslog and the whole chain from log line to notification, on loopback."""
