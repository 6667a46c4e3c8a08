"""Programs that write what is generated: code, pages."""
