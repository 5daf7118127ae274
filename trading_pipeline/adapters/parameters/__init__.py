"""The YAML files of the configuration folder, read into frozen types."""
