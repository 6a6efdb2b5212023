"""What people read: tables for terminal, pages and files, pages in Markdown and HTML, pictures."""
