"""The command `report`: a study, or any runs, in; a page, tables and words out."""
