"""The answers of the workbench as JSON, one module a page."""
