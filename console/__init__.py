"""The shell: command line, application, wiring and configuration."""
