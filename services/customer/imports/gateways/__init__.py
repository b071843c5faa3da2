"""The sheet as files: CSV and XLSX, written out of the database chunk by chunk."""
