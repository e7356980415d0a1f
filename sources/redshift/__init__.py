"""Reading Redshift: queries from files, rows as Arrow."""
