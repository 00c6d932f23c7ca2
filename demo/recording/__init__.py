"""How the bundled syslog is recorded: real daemons, a private host, normal work, an incident."""
