"""What people look at: pictures, tables, Markdown and HTML."""
