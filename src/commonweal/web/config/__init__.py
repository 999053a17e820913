"""How the service is set up: settings from the environment, addresses, safe answers, logs."""
