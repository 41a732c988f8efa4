"""What people write in a stack's file, one file for each section."""
