"""Images for the fake docker: stand-ins for official ones, and the project's own."""
