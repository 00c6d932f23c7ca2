"""What is looked at of Alertmanager's configuration before it is needed."""
