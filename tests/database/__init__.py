"""The SQL, on a real PostgreSQL."""
