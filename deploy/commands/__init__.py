"""The operators' commands, one module per noun; `deploy.cli` hangs them on the tool `hall`."""
